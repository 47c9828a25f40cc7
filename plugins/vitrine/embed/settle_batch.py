"""Publishes the vectors of one batch, so that its images are searchable as soon as it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vitrine.collection import Collection
from vitrine.embed import queries
from vitrine.embed.planning import Batch, pace
from vitrine.embed.statement import EmbedStatementOperator
from vitrine.google.jobs import with_parameters

if TYPE_CHECKING:
    from airflow.sdk import Context


class SettleBatchOperator(EmbedStatementOperator):
    """Publish one batch; log the progress of its work order and push it as XCom `progress`.

    :param batch: the batch, as returned by plan_batches; a template.
    """

    template_fields = (*EmbedStatementOperator.template_fields, "batch")
    template_fields_renderers = {**EmbedStatementOperator.template_fields_renderers, "batch": "json"}

    def __init__(self, *, collection: Collection, batch: Batch, **kwargs: Any) -> None:
        super().__init__(collection=collection, configuration=queries.settle(), **kwargs)
        self.batch = batch

    def execute(self, context: Context) -> Any:
        """Publish the batch."""
        self.job_id = f"{self.batch['work_order']}-settle{self.batch['batch_number']}"
        self.configuration = with_parameters(self.configuration, *queries.of_batch(self.batch))
        return super().execute(context)

    def on_rows(self, context: Context, rows: list[dict[str, Any]]) -> None:
        """Log how far the work order is. Counts finished jobs only."""
        [counted] = rows
        progress = pace(**counted)
        self.log.info(
            "%(done)s images done, %(left)s left, %(images_per_minute)s per minute, "
            "about %(minutes_left)s min to go.",
            progress,
        )
        context["ti"].xcom_push(key="progress", value=progress)
