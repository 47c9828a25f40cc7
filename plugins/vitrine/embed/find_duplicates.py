"""Finds near-duplicates of the images that a run has published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.google.cloud.links.bigquery import BigQueryJobDetailLink

from vitrine.collection import Collection
from vitrine.embed import queries
from vitrine.embed.statement import EmbedStatementOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class FindDuplicatesOperator(EmbedStatementOperator):
    """Find pictures that are nearly the same as the new ones; without new or removed images, succeed without
    a job.

    :param sync: task id that reports how many images the run has published and how many were removed.
    """

    def __init__(self, *, collection: Collection, sync: str, **kwargs: Any) -> None:
        super().__init__(collection=collection, configuration=queries.find_duplicates(collection), **kwargs)
        self.sync = sync

    def execute(self, context: Context) -> Any:
        """Run the statement, deferred if it takes long, or say why not."""
        ti = context["ti"]
        counted = {key: ti.xcom_pull(task_ids=self.sync, key=key) for key in ("published_now", "removed")}
        if self.collection.duplicate_distance == 0:
            self.log.info("duplicate_distance is 0: near-duplicates are not looked for.")
        elif not any(counted.values()):
            self.log.info("No image is new or gone, so the near-duplicates are those of the last time.")
        else:
            return super().execute(context)
        # Airflow asks for the link to the job all the same, and logs an error if it finds nothing.
        BigQueryJobDetailLink.persist(context)
        return None

    def on_rows(self, context: Context, rows: list[dict[str, Any]]) -> None:
        """Log what was found."""
        [found] = rows
        self.log.info(
            "%s images were compared with all others; %s pairs of near-duplicates are new.",
            *(f"{found[name]:,}" for name in ("images", "pairs")),
        )
        if found["remaining"]:
            self.log.info("%s images are left to later runs.", f"{found['remaining']:,}")
