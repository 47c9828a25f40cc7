"""The task that spends money: one batch of images, one BigQuery job."""

from __future__ import annotations

from typing import Any

from vitrine.jobs import int64, string, with_parameters
from vitrine.operators.query_job import QueryJobOperator
from vitrine.planning import Batch


class EmbedBatchOperator(QueryJobOperator):
    """Embed one batch of a work order. Its job ids begin with the work order, so no two jobs embed one batch
    at once.

    :param batch: the batch, from plan_batches.
    :param configuration: the embedding statement; gets the parameters `work_order` and `batch_number`.
    """

    def __init__(self, *, batch: Batch, configuration: dict[str, Any], **kwargs: Any) -> None:
        work_order, number = batch["work_order"], batch["batch_number"]
        super().__init__(
            configuration=with_parameters(
                configuration, string("work_order", work_order), int64("batch_number", number)
            ),
            job_id=f"{work_order}-batch{number}",
            # A cancelled job's calls are paid and its vectors lost. It ends by itself: the next task
            # rejoins it, or the next plan waits for it.
            cancel_on_kill=False,
            **kwargs,
        )
        self.batch = batch
