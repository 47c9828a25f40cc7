"""Makes the searchable images follow the bucket, unless that would remove too many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vitrine.collection import Collection
from vitrine.embed import queries
from vitrine.embed.statement import EmbedStatementOperator
from vitrine.errors import MassDeleteError

if TYPE_CHECKING:
    from airflow.sdk import Context


class SyncBucketOperator(EmbedStatementOperator):
    """Take over new metadata, and remove what is gone from the bucket. Pushes two numbers as
    XComs: `removed`, and `published_now`, the images that this run has published.

    Errors: MassDeleteError when these are more than the collection's `max_removed_share`, not counting
    contents that stay searchable under another name: an emptied or misspelt bucket is more likely than
    intent, and their vectors would have to be paid for again. Reads the Param allow_mass_delete.
    """

    def __init__(self, *, collection: Collection, **kwargs: Any) -> None:
        super().__init__(collection=collection, configuration=queries.sync_bucket(collection), **kwargs)

    def on_rows(self, context: Context, rows: list[dict[str, Any]]) -> None:
        """Report what was removed, or why not. A run of Airflow's Backfill removes nothing."""
        [counted] = rows
        published, vanished, removed = counted["published"], counted["vanished"], counted["removed"]
        self.log.info(
            "%s of %s published images are gone from the bucket or broken there; %s removed.",
            *(f"{number:,}" for number in (vanished, published, removed)),
        )
        if removed < vanished and context["dag_run"].run_type != "backfill":
            raise MassDeleteError(
                f"{counted['lost']:,} of {published:,} published images are gone from the bucket or broken "
                f"there, more than the {self.collection.max_removed_share:.0%} that one run may remove. "
                "Nothing was removed. Check the collection's objects and the bucket. If it is intended, "
                "trigger a run with allow_mass_delete."
            )
        for key, value in {"removed": removed, "published_now": counted["published_now"]}.items():
            context["ti"].xcom_push(key=key, value=value)
