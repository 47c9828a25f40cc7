"""The tasks of teardown_image_search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from airflow.providers.common.compat.sdk import SkipMixin
from airflow.sdk import BaseOperator, ObjectStoragePath, Param
from airflow.sdk.exceptions import AirflowSkipException

from vitrine.collection import Collection
from vitrine.embed import lease, turns
from vitrine.embed.branches import tasks_between
from vitrine.embed.planning import job_prefixes
from vitrine.embed.statement import lost_lease_is_final
from vitrine.errors import BusyError, InputError
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import query_job, string, with_parameters
from vitrine.google.statement import BigQueryStatementOperator
from vitrine.search.addresses import page_name
from vitrine.search.write_gallery import gallery_path
from vitrine.setup import inventory
from vitrine.setup.inventory import Inventory, Part
from vitrine.setup.tables import TABLES_TO_DROP

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import RuntimeTaskInstanceProtocol as TaskInstance

PARAMS: Final = {
    "confirm": Param(
        None,
        type=["null", "string"],
        description_md="Type the name of the dataset (for a model that is not `default`: `dataset__model`).",
    ),
    "drop_connection": Param(
        False,
        type="boolean",
        description_md="Drop the connection, too. Whether other deployments use it cannot be seen.",
    ),
    "delete_galleries": Param(
        False, type="boolean", description_md="Delete the pages of this collection's searches, too."
    ),
}
# The task that lists what goes; its XComs say what was approved.
LISTING: Final = "list_resources"
CLEAR_RUN: Final = f"Nothing more is dropped. Clear the whole run, starting with {LISTING}: it asks again."
# DAGs that write galleries.
SEARCHES: Final = ("search_images", "search_saved_queries")


class ListResourcesOperator(BaseOperator, SkipMixin):
    """List what goes, what stays, and what it would cost to make again. If nothing goes, continue with `end`.

    Refuses without the right confirmation, and while a run of embed_images has the lease. Pushes the XComs
    `plan` (a Markdown table, which the approval shows), `goes` (names by part) and `vectors` (their number):
    more than these is not dropped. Errors: InputError, BusyError.
    """

    template_fields = ("configuration",)
    template_ext = (".sql",)
    template_fields_renderers = {"configuration": "json"}

    def __init__(self, *, collection: Collection, end: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.collection, self.end = collection, end
        self.configuration = query_job("teardown/select_lease.sql")

    def execute(self, context: Context) -> None:
        """List, and skip everything before `end` if there is nothing."""
        collection, params = self.collection, context["params"]
        if params["confirm"] != collection.namespace:
            raise InputError(
                f"confirm={params['confirm']!r} is not {collection.namespace!r}: type that to confirm. "
                "Nothing was dropped."
            )
        found = _take(collection, context)
        self._refuse_others(context, found.goes.get(Part.TABLES, []))
        pages = len(galleries(collection)) if params["delete_galleries"] else 0
        plan = inventory.as_markdown(collection, found, pages)
        self.log.info("\n%s", plan)
        goes = {str(part): names for part, names in found.goes.items()}
        for key, value in {"plan": plan, "goes": goes, "vectors": found.vectors}.items():
            context["ti"].xcom_push(key=key, value=value)
        if not found.goes and not pages:
            self.log.info("There is nothing to drop.")
            self.skip(context["ti"], tasks_between(self, self.end))

    def _refuse_others(self, context: Context, tables: list[str]) -> None:
        turn = turns.for_tables(self.collection)
        if holder := turns.active_holder(context["ti"], turn):
            raise _busy(f"{holder} has the turn")
        if self.collection.table_name("embedding_lease") not in tables:
            return
        # That run has ended, so what it has left behind keeps nobody waiting.
        job = with_parameters(self.configuration, string("earlier_lease_id", turns.last_lease_id(turn)))
        for row in BigQuery.of(self.collection, context["ti"]).rows(job):
            raise _busy(f"{row['holder']} has the lease of the dataset until {row['expires_at']}")


class RefuseOthersOperator(BaseOperator):
    """Take turn and lease of embed_images, so that none begins meanwhile; refuse if a run has them, or has
    made vectors since the approval.

    Errors: BusyError.
    """

    template_fields = ("configuration",)
    template_ext = (".sql",)
    template_fields_renderers = {"configuration": "json"}

    def __init__(self, *, collection: Collection, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.collection = collection
        self.configuration = lease.TAKE

    def execute(self, context: Context) -> None:
        """Take both."""
        collection, ti = self.collection, context["ti"]
        # embed_images takes the same turn.
        if holder := turns.take(ti, turns.for_tables(collection), is_shared=True):
            raise _busy(f"{holder} has the turn")
        bigquery = BigQuery.of(collection, ti)
        if bigquery.has_table(collection.table_id("embedding_lease")):
            [row] = bigquery.rows(lease.take(collection, context, self.configuration))
            if not row["is_ours"]:
                raise _busy(f"{row['holder']} has the lease of the dataset until {row['expires_at']}")
        for job in bigquery.running_jobs(*job_prefixes(collection, collection.dag_id("embed_images"))):
            raise _busy(f"Job {job.job_id} is running")
        approved = ti.xcom_pull(task_ids=LISTING, key="vectors") or 0
        if (vectors := _take(collection, context).vectors) > approved:
            raise BusyError(f"There are {vectors:,} vectors, and {approved:,} were approved. {CLEAR_RUN}")


def _busy(what: str) -> BusyError:
    return BusyError(
        f"{what}. Nothing was dropped. Pause embed_images, wait until its run has ended or stop it, and "
        "clear this run."
    )


def _take(collection: Collection, context: Context) -> Inventory:
    return inventory.take(collection, drop_connection=context["params"]["drop_connection"])


def approved(ti: TaskInstance, part: Part) -> list[str]:
    """The names of a part that the approval showed; none if nothing was listed."""
    goes: dict[str, list[str]] = ti.xcom_pull(task_ids=LISTING, key="goes") or {}
    return goes.get(str(part), [])


def tables_to_drop(collection: Collection, ti: TaskInstance) -> list[str]:
    """Short names of the approved tables, in the order in which they are dropped."""
    names = approved(ti, Part.TABLES)
    return [name for name in TABLES_TO_DROP if collection.table_name(name) in names]


class DropOperator(BigQueryStatementOperator):
    """Drop a part of what setup has made, as far as it was approved. Skipped if it was not, is not there, or
    something else needs it.

    Errors: TurnLostError unless this run has the turn, as when a task of an old or rejected run is cleared,
    or when another Airflow has taken the lease.
    """

    def __init__(self, *, collection: Collection, part: Part, **kwargs: Any) -> None:
        super().__init__(collection=collection, **kwargs)
        self.part = part

    def execute(self, context: Context) -> Any:
        """Look again what there is, since time has passed, and drop."""
        turn = turns.check(context, turns.for_tables(self.collection), CLEAR_RUN)
        found = _take(self.collection, context).goes.get(self.part, [])
        names = [name for name in approved(context["ti"], self.part) if name in found]
        if not names:
            raise AirflowSkipException(f"There is no {self.part} that may go and was approved.")
        self.log.info("Dropping %s: %s", self.part, ", ".join(names))
        if self.part is Part.TABLES:
            self.configuration = with_parameters(self.configuration, *lease.parameters(self.collection, turn))
        with lost_lease_is_final(CLEAR_RUN):
            return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """End as the job did."""
        with lost_lease_is_final(CLEAR_RUN):
            return super().execute_complete(context, event)


class DeleteGalleriesOperator(BaseOperator):
    """Delete the pages of this collection's and model's searches, if the Param delete_galleries says so."""

    def __init__(self, *, collection: Collection, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.collection = collection

    def execute(self, context: Context) -> None:
        """Delete them one by one."""
        if not context["params"]["delete_galleries"]:
            raise AirflowSkipException("The galleries stay: delete_galleries is not set.")
        pages = galleries(self.collection)
        for page in pages:
            page.unlink()
        self.log.info("%s pages deleted.", f"{len(pages):,}")


class ReportTeardownOperator(BaseOperator):
    """Say what is left."""

    def __init__(self, *, collection: Collection, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.collection = collection

    def execute(self, context: Context) -> None:
        """Look once more."""
        found = _take(self.collection, context)
        left = [name for names in found.goes.values() for name in names]
        for name in left:
            self.log.info("Not dropped: %s", name)
        for name, why in found.stays.items():
            self.log.info("Stays: %s, %s", name, why)
        if not left:
            self.log.info("Nothing that setup_image_search has made is left, besides what stays.")


def galleries(collection: Collection) -> list[ObjectStoragePath]:
    """The pages that the searches of a collection and model have written."""
    folder = gallery_path(collection)
    if not folder.exists():
        return []
    # Names as page_name makes them, up to the id of the run.
    begin = tuple(page_name(collection.dag_id(search), "").partition("-")[0] + "-" for search in SEARCHES)
    return [page for page in folder.iterdir() if page.name.startswith(begin) and page.name.endswith(".html")]
