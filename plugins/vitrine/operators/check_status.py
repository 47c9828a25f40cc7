"""The branch of the repair loop: another pass, or on to the index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.branch import BaseBranchOperator
from vitrine.bigquery import BigQuery
from vitrine.passes import after_pass

if TYPE_CHECKING:
    from airflow.sdk import Context


class CheckStatusOperator(BaseBranchOperator):
    """Count what is left after a pass and choose: `next_pass` while it helps, else `done`.

    :param configuration: query job that counts this run's progress (columns planned and pending).
    :param earlier_checks: task ids of the checks of the passes before, oldest first.
    """

    template_fields = ("configuration",)
    template_ext = (".sql",)
    template_fields_renderers = {"configuration": "json"}

    def __init__(
        self, *, configuration: dict[str, Any], earlier_checks: Sequence[str], max_passes: int, next_pass: str, done: str,
        bigquery: BigQuery, **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.configuration, self.earlier_checks, self.max_passes = configuration, earlier_checks, max_passes
        self.next_pass, self.done = next_pass, done
        self.bigquery = bigquery

    def choose_branch(self, context: Context) -> str:
        """Task id to go on with. Pushes the XCom `pending`, from which later checks see the progress."""
        ti = context["ti"]
        [progress] = self.bigquery.rows(self.configuration)
        ti.xcom_push(key="pending", value=progress["pending"])
        before = [ti.xcom_pull(task_ids=check, key="pending") for check in self.earlier_checks]
        verdict = after_pass([progress["planned"], *before, progress["pending"]], self.max_passes)
        self.log.info("%s", verdict.reason)
        for image in progress["pending_images"] if progress["pending"] else []:
            self.log.info("Left: %s", image)
        return self.next_pass if verdict.repair else self.done
