"""The report of a run, which fails unless the run is complete."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from vitrine import metrics
from vitrine.collection import Collection
from vitrine.embed import queries, reports, stages, turns
from vitrine.embed.planning import Verdict
from vitrine.embed.reports import Outcome
from vitrine.errors import IncompleteRunError
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import boolean, float64, int64, label, string, with_parameters

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import RuntimeTaskInstanceProtocol as TaskInstance

# What the last task of plan and checks says: what is broken, and why the passes ended.
WHY = ("broken", "reason")
FIGURES = (
    "planned",
    "published",
    "quarantined",
    "changed",
    "vanished",
    "pending",
    "deferred",
    "ignored",
    "attempts",
    "calls_in_vain",
    "bytes",
)


class ReportRunOperator(BaseOperator):
    """Write the report of a run and free its lease; fail unless planned = published + quarantined + changed +
    vanished and no task failed.

    It runs regardless of what happened before, so that an incomplete run never looks complete. A failed batch
    is no failure by itself: what counts is what became of its images. A run that was stopped before it cost
    anything is skipped, so that the Asset is not updated. Errors: IncompleteRunError whose first sentence is
    the cause. The last line of the log is the verdict.

    :param approval: task ids of the plan, which reports what was deferred or that the run was stopped, and of
        approve_cost.
    :param checks: task ids of the checks of all passes, oldest first.
    :param sync: task id that reports how many images were removed.
    :param index: task ids that report the state of the index, the later one last.
    :param duplicates: task id of the search for near-duplicates. Every image is accounted for without
        them, so its failure is a warning.
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
        sync: str,
        index: tuple[str, str],
        duplicates: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.collection = collection
        self.count, self.write = queries.run_progress(collection), queries.report()
        self.checks, self.sync, self.index, self.duplicates = checks, sync, index, duplicates
        self.plan, self.approve = approval

    def execute(self, context: Context) -> dict[str, Any]:
        """Write the report, then fail or skip if necessary. Returns the report."""
        ti = context["ti"]
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])[ti.run_id]
        stopped = self._stopped(ti, states)
        [progress] = BigQuery.of(self.collection, ti).rows(self.count)
        progress["deferred"] = self._said(ti, states, self.plan, "deferred") or 0
        if stopped:
            progress = reports.without_the_stopped(progress)
        incomplete = self._why_incomplete(ti, states, progress)
        outcome = reports.outcome(progress, stopped, incomplete)
        spent = self._stages(context, progress)
        figures = {name: progress[name] for name in FIGURES} | {
            "cost_usd": round(progress["paid"] * self.collection.rates.image_usd, 6),
            "removed": self._said(ti, states, self.sync, "removed") or 0,
            "passes": sum(states.get(check) == "success" for check in self.checks),
            "jobs": sum(stage["jobs"] for stage in spent),
            "bytes_billed": sum(stage["bytes_billed"] for stage in spent),
        }
        texts = {
            "outcome": str(outcome),
            "deferred_reason": str(stopped or self._said(ti, states, self.plan, "deferred_reason") or ""),
            "vector_index": self._vector_index(ti, states),
        }
        self._write(
            context,
            figures,
            texts | {"reason": reports.first_line(incomplete)},
            spent,
            progress["failures"],
            complete=outcome.complete,
        )
        report = figures | texts
        metrics.of_run(self.collection, report, spent, complete=outcome.complete)
        metrics.of_backlog(self.collection, progress)
        self._log(ti, report, progress, spent, states)
        self.log.info("%s", reports.verdict(report, outcome, incomplete))
        if incomplete:
            raise IncompleteRunError(incomplete)
        if stopped:
            raise AirflowSkipException(
                f"The run ended before it cost anything: {stopped}. The report is written."
            )
        for asset in self.outlets:
            context["outlet_events"][asset].extra = report
        return report

    def _why_incomplete(
        self, ti: TaskInstance, states: dict[str, str], progress: dict[str, Any]
    ) -> str | None:
        failed = sorted(
            task for task, state in states.items() if _has_failed(task, state) and task != self.duplicates
        )
        ended = [task for task in (self.plan, *self.checks) if states.get(task) in ("success", "failed")]
        said = {key: [ti.xcom_pull(task_ids=task, key=key) for task in ended[-1:]] for key in WHY}
        broken, gave_up = (next(filter(None, said[key]), None) for key in WHY)
        return reports.why_incomplete(progress, broken=broken, gave_up=gave_up, failed=failed)

    def _log(
        self,
        ti: TaskInstance,
        report: dict[str, Any],
        progress: dict[str, Any],
        spent: list[stages.Stage],
        states: dict[str, str],
    ) -> None:
        """Log the report; what needs a person comes first."""
        notes = [self._said(ti, states, check, "released") for check in self.checks]
        if states.get(self.duplicates) == "failed":
            notes.append(
                f"{self.duplicates} failed: near-duplicates of the new images are not known yet. See its "
                "log. Clear it, or leave them to the next run that publishes images."
            )
        for note in filter(None, notes):
            self.log.warning("%s", note)
        self.log.info("Run %s:\n%s", ti.run_id, reports.as_text(report))
        jobs = {
            stage["stage"]: f"{stage['jobs']} jobs, {stage['seconds']:,.0f} s, "
            f"{stage['bytes_billed']:,} bytes, {stage['calls']:,} calls"
            for stage in spent
        }
        if jobs:
            self.log.info("BigQuery jobs:\n%s", reports.as_text(jobs))
        if progress["ignored_types"]:
            ignored = "\n".join(progress["ignored_types"])
            self.log.info("Objects that were ignored, by content type:\n%s", ignored)
        if quarantined := reports.failures(progress, "quarantined"):
            self.log.info("Images that were quarantined, by status:\n%s", "\n".join(quarantined))

    def _stopped(self, ti: TaskInstance, states: dict[str, str]) -> Outcome | None:
        """How the run was stopped before it cost anything; None if it was not."""
        if self._said(ti, states, self.plan, "verdict") == Verdict.STOP:
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

    def _stages(self, context: Context, progress: dict[str, Any]) -> list[stages.Stage]:
        """What this run has cost so far, its report not included."""
        ti = context["ti"]
        labels = {"vitrine_dag": label(ti.dag_id), "vitrine_run": label(ti.run_id)}
        started = context["dag_run"].start_date or context["dag_run"].run_after
        jobs = BigQuery.of(self.collection, ti).jobs_of(labels, since=started)
        return stages.by_kind(
            jobs,
            [task.task_id for task in self.dag.topological_sort()],
            calls=progress["attempts"],
            in_vain=progress["calls_in_vain"],
            asked_again=progress["asked_again"],
        )

    def _write(
        self,
        context: Context,
        figures: dict[str, Any],
        texts: dict[str, str],
        spent: list[stages.Stage],
        failures: list[dict[str, Any]],
        *,
        complete: bool,
    ) -> None:
        by_status = [{name: failure[name] for name in ("place", "status", "images")} for failure in failures]
        numbers = [
            float64(name, value) if name == "cost_usd" else int64(name, value)
            for name, value in figures.items()
        ]
        words = [string(name, text) for name, text in texts.items()]
        # A run that failed before its turn has no lease to free.
        turn = turns.get(context, turns.for_tables(self.collection))
        BigQuery.of(self.collection, context["ti"]).rows(
            with_parameters(
                self.write,
                *numbers,
                *words,
                boolean("complete", complete),
                string("stages", json.dumps(spent)),
                string("failures", json.dumps(by_status)),
                string("lease_id", turn["lease_id"] if turn else ""),
            )
        )


def _has_failed(task_id: str, state: str) -> bool:
    return state == "failed" and ".embed_batch" not in task_id
