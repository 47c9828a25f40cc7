"""The completeness gate at the end of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from vitrine.collection import Collection
from vitrine.embed import queries, reports
from vitrine.embed.planning import Verdict
from vitrine.embed.reports import Outcome
from vitrine.errors import IncompleteRunError
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import boolean, float64, int64, string, with_parameters

if TYPE_CHECKING:
    from airflow.sdk import Context

FIGURES = (
    "planned", "published", "quarantined", "vanished", "pending", "deferred", "ignored", "attempts", "bytes",
)  # fmt: skip


class ReportRunOperator(BaseOperator):
    """Write the report of a run; fail unless planned = published + quarantined + vanished and no task failed.

    It runs whatever happened before, so that a run which is not complete never looks complete. A batch that
    failed does not count: what became of its images does. A run that was stopped before anything was paid
    ends well but skipped, so that the Asset is not updated. Errors: IncompleteRunError naming the images that
    are left, or the tasks that failed.

    :param approval: task ids of the review, which knows what the plan has deferred and whether it stopped the
        run, and of a person's decision.
    :param checks: task ids of the checks of all passes, oldest first.
    :param removal: task id that knows how many images were removed.
    :param index: task ids of the chooser and the sensor, of which one knows the state of the index.
    """

    template_fields = ("count", "write")
    template_ext = (".sql",)
    template_fields_renderers = {"count": "json", "write": "json"}

    def __init__(
        self,
        *,
        collection: Collection,
        approval: tuple[str, str],
        checks: Sequence[str],
        removal: str,
        index: tuple[str, str],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.collection = collection
        self.count, self.write = queries.progress(collection), queries.report()
        self.checks, self.removal, self.index = checks, removal, index
        self.review, self.approve = approval

    def execute(self, context: Context) -> dict[str, Any]:
        """Report, then judge. Returns the figures."""
        ti = context["ti"]
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])[ti.run_id]
        stopped = self._stopped(ti, states)
        figures, problem = self._figures(ti, states, stopped)
        outcome = reports.outcome(figures, stopped, problem)
        reason = str(stopped) if stopped else self._said(ti, states, self.review, "deferred_reason") or ""
        texts = {
            "outcome": str(outcome), "deferred_reason": reason, "vector_index": self._vector_index(ti, states)
        }  # fmt: skip
        self._write(figures, texts, complete=outcome.complete)
        self.log.info("Run %s:\n%s", ti.run_id, reports.as_text(figures | texts))
        if problem:
            raise IncompleteRunError(problem)
        if stopped:
            raise AirflowSkipException(f"Nothing was paid: {stopped}. The report is written.")
        for asset in self.outlets:
            context["outlet_events"][asset].extra = figures | texts
        return figures | texts

    def _figures(
        self, ti: Any, states: dict[str, str], stopped: Outcome | None
    ) -> tuple[dict[str, Any], str | None]:
        """The figures of the run, and why it is not complete."""
        [progress] = BigQuery.of(self.collection).rows(self.count)
        progress["deferred"] = self._said(ti, states, self.review, "deferred") or 0
        if stopped:
            progress = reports.without_the_stopped(progress)
        passes = sum(states.get(check) == "success" for check in self.checks)
        figures = {name: progress[name] for name in FIGURES} | {
            "cost_usd": round(progress["paid"] * self.collection.rates.image_usd, 6),
            "removed": self._said(ti, states, self.removal, "vanished") or 0,
            "passes": passes,
        }
        failed = sorted(task for task, state in states.items() if _has_failed(task, state))
        return figures, reports.why_incomplete(progress, None if stopped else passes, failed)

    def _stopped(self, ti: Any, states: dict[str, str]) -> Outcome | None:
        """How the run was stopped before anything was paid, if it was."""
        if self._said(ti, states, self.review, "verdict") == Verdict.STOP:
            return Outcome.DRY_RUN
        return Outcome.REJECTED if self._said(ti, states, self.approve, "rejected") else None

    def _said(self, ti: Any, states: dict[str, str], task: str, key: str) -> Any:
        """The XCom of a task that has succeeded this time; another may have left it at an earlier try."""
        return ti.xcom_pull(task_ids=task, key=key) if states.get(task) == "success" else None

    def _vector_index(self, ti: Any, states: dict[str, str]) -> str:
        """What the last of the two has said; one that did not run this time may have said it before."""
        ended = [task for task in self.index if states.get(task) in ("success", "failed")]
        said = [ti.xcom_pull(task_ids=task, key="vector_index") for task in ended]
        return next((state for state in reversed(said) if state), "unknown")

    def _write(self, figures: dict[str, Any], texts: dict[str, str], *, complete: bool) -> None:
        numbers = [
            float64(name, value) if name == "cost_usd" else int64(name, value)
            for name, value in figures.items()
        ]
        words = [string(name, text) for name, text in texts.items()]
        BigQuery.of(self.collection).rows(
            with_parameters(self.write, *numbers, *words, boolean("complete", complete))
        )


def _has_failed(task_id: str, state: str) -> bool:
    return state == "failed" and ".embed_batch" not in task_id
