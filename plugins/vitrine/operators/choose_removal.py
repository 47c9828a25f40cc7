"""The branch before images that are gone from the bucket leave the searchable table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.branch import BaseBranchOperator

from vitrine.bigquery import BigQuery
from vitrine.errors import MassDeleteError

if TYPE_CHECKING:
    from airflow.sdk import Context


class ChooseRemovalOperator(BaseBranchOperator):
    """Choose `remove` when published images have vanished from the bucket, or are broken there, else `skip`.

    Errors: MassDeleteError when more than `max_share` of them have: that is more often a mistake (an emptied
    or misspelt bucket) than a wish, and their vectors would have to be paid again.

    :param configuration: query job that counts (columns published and vanished).
    :param max_share: largest share of the published images that may go at once, 0 to 1.
    :param allow_mass_delete: let any share go; a template that renders to True or False.
    """

    template_fields = ("configuration", "allow_mass_delete")
    template_ext = (".sql",)
    template_fields_renderers = {"configuration": "json"}

    def __init__(
        self,
        *,
        configuration: dict[str, Any],
        max_share: float,
        allow_mass_delete: str,
        remove: str,
        skip: str,
        bigquery: BigQuery,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.configuration, self.max_share, self.allow_mass_delete = (
            configuration,
            max_share,
            allow_mass_delete,
        )
        self.remove, self.skip, self.bigquery = remove, skip, bigquery

    def choose_branch(self, context: Context) -> str:
        """Task id to go on with. Pushes the XCom `vanished`, the number of images that leave.

        A run of Airflow's Backfill removes nothing: it looks at a part of the bucket.
        """
        if context["dag_run"].run_type == "backfill":
            context["ti"].xcom_push(key="vanished", value=0)
            return self.skip
        [counted] = self.bigquery.rows(self.configuration)
        published, vanished = counted["published"], counted["vanished"]
        gone = f"{vanished:,} of {published:,} published images are gone from the bucket, or broken there"
        self.log.info("%s.", gone)
        if vanished > self.max_share * published and self.allow_mass_delete != "True":
            raise MassDeleteError(
                f"{gone}: more than the "
                f"{self.max_share:.0%} that may go at once. Nothing was removed. Check VITRINE_OBJECT_URIS "
                "and the bucket; if it is meant, trigger a run with allow_mass_delete."
            )
        context["ti"].xcom_push(key="vanished", value=vanished)
        return self.remove if vanished else self.skip
