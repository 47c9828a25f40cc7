"""The branch before images that are gone from the bucket leave the searchable table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.branch import BaseBranchOperator

from vitrine.collection import Collection
from vitrine.errors import MassDeleteError
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import model, query_job

if TYPE_CHECKING:
    from airflow.sdk import Context


class ChooseRemovalOperator(BaseBranchOperator):
    """Choose `remove` when published images have vanished from the bucket, or are broken there, else `keep`.

    Errors: MassDeleteError when more than `max_share` of them have: that is more often a mistake (an emptied
    or misspelt bucket) than a wish, and their vectors would have to be paid again.

    Reads the Param allow_mass_delete.
    """

    template_fields = ("configuration",)
    template_ext = (".sql",)
    template_fields_renderers = {"configuration": "json"}

    def __init__(
        self,
        *,
        collection: Collection,
        remove: str,
        keep: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.collection = collection
        self.configuration = query_job("embed/count_vanished.sql", model(collection))
        self.remove, self.keep = remove, keep

    def choose_branch(self, context: Context) -> str:
        """Task id to go on with. Pushes the XCom `vanished`, the number of images that leave.

        A run of Airflow's Backfill removes nothing: it looks at a part of the bucket.
        """
        if context["dag_run"].run_type == "backfill":
            context["ti"].xcom_push(key="vanished", value=0)
            return self.keep
        max_share = self.collection.max_removed_share
        [counted] = BigQuery.of(self.collection).rows(self.configuration)
        published, vanished = counted["published"], counted["vanished"]
        gone = f"{vanished:,} of {published:,} published images are gone from the bucket, or broken there"
        self.log.info("%s.", gone)
        if vanished > max_share * published and not context["params"]["allow_mass_delete"]:
            raise MassDeleteError(
                f"{gone}: more than the "
                f"{max_share:.0%} that may go at once. Nothing was removed. Check the collection's objects "
                "and the bucket; if it is meant, trigger a run with allow_mass_delete."
            )
        context["ti"].xcom_push(key="vanished", value=vanished)
        return self.remove if vanished else self.keep
