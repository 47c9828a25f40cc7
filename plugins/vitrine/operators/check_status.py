"""The branch of the repair loop: another pass, or on to the index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.branch import BaseBranchOperator

from vitrine.bigquery import BigQuery
from vitrine.passes import after_pass, pause_seconds

if TYPE_CHECKING:
    from airflow.sdk import Context


class CheckStatusOperator(BaseBranchOperator):
    """Count what is left after a pass and choose: `next_pass` (None after the last) while it helps, else
    `done`.

    :param configuration: query job that counts this run's progress (columns planned and pending).
    :param earlier_checks: task ids of the checks of the passes before, oldest first.
    :param pauses: first and longest pause before another pass, in seconds. Pushes the XCom `pause_seconds`.
    """

    template_fields = ("configuration",)
    template_ext = (".sql",)
    template_fields_renderers = {"configuration": "json"}

    def __init__(
        self,
        *,
        configuration: dict[str, Any],
        earlier_checks: Sequence[str],
        max_passes: int,
        pauses: tuple[int, int],
        next_pass: str | None,
        done: str,
        bigquery: BigQuery,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.configuration, self.earlier_checks, self.max_passes = configuration, earlier_checks, max_passes
        self.next_pass, self.done = next_pass, done
        self.pauses, self.bigquery = pauses, bigquery

    def execute(self, context: Context) -> Any:
        """Go on with another pass, or with `done`, skipping every later pass at once, not task by task."""
        if self._needs_repair(context["ti"]):
            return self.do_branch(context, self.next_pass)
        later_passes = self._from(self.next_pass) - self._from(self.done)
        return self.skip(context["ti"], [self.dag.get_task(task_id) for task_id in sorted(later_passes)])

    def _needs_repair(self, ti: Any) -> bool:
        [progress] = self.bigquery.rows(self.configuration)
        ti.xcom_push(key="pending", value=progress["pending"])
        before = [ti.xcom_pull(task_ids=check, key="pending") for check in self.earlier_checks]
        pending = [progress["planned"], *before, progress["pending"]]
        verdict = after_pass(pending, self.max_passes)
        ti.xcom_push(key="pause_seconds", value=pause_seconds(pending, *self.pauses))
        self.log.info("%s", "\n".join([verdict.reason, *progress["pending_images"]]))
        return verdict.repair

    def _from(self, task_id: str | None) -> set[str]:
        """A task and everything after it."""
        return (
            {task_id, *self.dag.get_task(task_id).get_flat_relative_ids(upstream=False)} if task_id else set()
        )
