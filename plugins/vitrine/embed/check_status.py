"""The branch of the repair loop: another pass, or on to the index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.branch import BaseBranchOperator

from vitrine.collection import Collection
from vitrine.embed import queries
from vitrine.embed.passes import after_pass, pause_seconds
from vitrine.google.bigquery import BigQuery

if TYPE_CHECKING:
    from airflow.sdk import Context


class CheckStatusOperator(BaseBranchOperator):
    """Count what is left after a pass and choose: `next_pass` (None after the last) while it helps, else
    `done`. Pushes the XCom `pause_seconds` for the next pass.

    :param earlier_checks: task ids of the checks of the passes before, oldest first.
    """

    template_fields = ("configuration",)
    template_ext = (".sql",)
    template_fields_renderers = {"configuration": "json"}

    def __init__(
        self,
        *,
        collection: Collection,
        earlier_checks: Sequence[str],
        next_pass: str | None,
        done: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.collection, self.configuration = collection, queries.progress(collection)
        self.earlier_checks, self.next_pass, self.done = earlier_checks, next_pass, done

    def execute(self, context: Context) -> Any:
        """Go on with another pass, or with `done`, skipping every later pass at once, not task by task."""
        if self._needs_repair(context["ti"]):
            return self.do_branch(context, self.next_pass)
        later_passes = self._from(self.next_pass) - self._from(self.done)
        return self.skip(context["ti"], [self.dag.get_task(task_id) for task_id in sorted(later_passes)])

    def _needs_repair(self, ti: Any) -> bool:
        [progress] = BigQuery.of(self.collection).rows(self.configuration)
        ti.xcom_push(key="pending", value=progress["pending"])
        before = [ti.xcom_pull(task_ids=check, key="pending") for check in self.earlier_checks]
        pending = [progress["planned"], *before, progress["pending"]]
        decision = after_pass(pending, self.collection.max_passes)
        pauses = self.collection.retry_wait_seconds, self.collection.max_retry_wait_seconds
        ti.xcom_push(key="pause_seconds", value=pause_seconds(pending, *pauses))
        self.log.info("%s", "\n".join([decision.reason, *progress["pending_images"]]))
        return decision.repair

    def _from(self, task_id: str | None) -> set[str]:
        """A task and everything after it."""
        return (
            {task_id, *self.dag.get_task(task_id).get_flat_relative_ids(upstream=False)} if task_id else set()
        )
