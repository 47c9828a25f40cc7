"""The last task of a run: reports, and fails unless the run is complete."""

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
    from airflow.sdk.types import RuntimeTaskInstanceProtocol as TaskInstance

FIGURES = (
    "planned",
    "published",
    "quarantined",
    "vanished",
    "pending",
    "deferred",
    "ignored",
    "attempts",
    "bytes",
)


class ReportRunOperator(BaseOperator):
    """Write the report of a run; fail unless planned = published + quarantined + vanished and no task failed.

    It runs regardless of what happened before, so that an incomplete run never looks complete. A failed batch
    is no failure by itself: what counts is what became of its images. A run that was stopped before it cost
    anything is skipped, so that the Asset is not updated. Errors: IncompleteRunError naming the images that
    are left, or the tasks that failed.

    :param approval: task ids of review_plan, which reports what was deferred or that the run was stopped, and
        of approve_cost.
    :param checks: task ids of the checks of all passes, oldest first.
    :param removal: task id that reports how many images were removed.
    :param index: task ids of the branch and the sensor, one of which reports the state of the index.
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
        self.count, self.write = queries.run_progress(collection), queries.report()
        self.checks, self.removal, self.index = checks, removal, index
        self.review, self.approve = approval

    def execute(self, context: Context) -> dict[str, Any]:
        """Write the report, then fail or skip if necessary. Returns the report."""
        ti = context["ti"]
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])[ti.run_id]
        stopped = self._stopped(ti, states)
        [progress] = BigQuery.of(self.collection).rows(self.count)
        ignored = progress["ignored_types"]
        figures, incomplete = self._figures(ti, states, stopped, progress)
        outcome = reports.outcome(figures, stopped, incomplete)
        reason = str(stopped) if stopped else self._said(ti, states, self.review, "deferred_reason") or ""
        texts = {
            "outcome": str(outcome),
            "deferred_reason": reason,
            "vector_index": self._vector_index(ti, states),
        }
        self._write(figures, texts, complete=outcome.complete)
        self.log.info("Run %s:\n%s", ti.run_id, reports.as_text(figures | texts))
        if ignored:
            self.log.info("Objects that were ignored, by content type:\n%s", "\n".join(ignored))
        if incomplete:
            raise IncompleteRunError(incomplete)
        if stopped:
            raise AirflowSkipException(
                f"The run ended before it cost anything: {stopped}. The report is written."
            )
        for asset in self.outlets:
            context["outlet_events"][asset].extra = figures | texts
        return figures | texts

    def _figures(
        self, ti: TaskInstance, states: dict[str, str], stopped: Outcome | None, progress: dict[str, Any]
    ) -> tuple[dict[str, Any], str | None]:
        """The figures of the run, and why it is incomplete (None if it is not)."""
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

    def _stopped(self, ti: TaskInstance, states: dict[str, str]) -> Outcome | None:
        """How the run was stopped before it cost anything; None if it was not."""
        if self._said(ti, states, self.review, "verdict") == Verdict.STOP:
            return Outcome.DRY_RUN
        return Outcome.REJECTED if self._said(ti, states, self.approve, "rejected") else None

    def _said(self, ti: TaskInstance, states: dict[str, str], task: str, key: str) -> Any:
        """The XCom of a task, if the task has succeeded: otherwise it is left over from an earlier try."""
        return ti.xcom_pull(task_ids=task, key=key) if states.get(task) == "success" else None

    def _vector_index(self, ti: TaskInstance, states: dict[str, str]) -> str:
        """What the later of the two tasks reports. Ignores XComs of tasks that did not run this time."""
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
