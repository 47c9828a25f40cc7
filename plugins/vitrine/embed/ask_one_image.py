"""The preflight of the model: embeds one image as a batch does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException

from vitrine.collection import Collection
from vitrine.embed import queries
from vitrine.embed.planning import Batch
from vitrine.google.access import Access
from vitrine.google.jobs import with_parameters
from vitrine.google.statement import BigQueryRowsOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class AskOneImageOperator(BigQueryRowsOperator):
    """Embed one image of the collection with the statement that embeds batches. Its vector is kept, so that
    the first run publishes it without another call. Without an image that needs the model, none is
    asked about. Errors: AirflowException with the model's status.
    """

    def __init__(self, *, collection: Collection, **kwargs: Any) -> None:
        order = Batch(
            work_order="{{ 'vitrine_setup-' ~ ti.id }}",
            batch_number=0,
            planned_at="{{ dag_run.start_date | ts }}",
            images=1,
            bytes=0,
        )
        ask = queries.ask_one_image(collection, was_embedded=False)
        super().__init__(
            collection=collection, configuration=with_parameters(ask, *queries.of_batch(order)), **kwargs
        )

    def on_rows(self, context: Context, rows: list[dict[str, Any]]) -> None:
        """Log the image, or fail with its status."""
        if not rows:
            self.log.info(
                "No image was asked about: each is embedded already or in quarantine, or embed_images is "
                "running. Nothing is paid for twice."
            )
            return
        [asked] = rows
        if asked["status"]:
            # Airflow tries again, and each try takes another image: this one may be broken itself.
            raise AirflowException(
                f"The model did not embed {asked['uri']}: {asked['status']}. "
                + Access(self.collection).advice()
            )
        self.log.info("The model has embedded %s.", asked["uri"])
