"""The last task of a search: writes its results as a gallery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from airflow.sdk import BaseOperator, BaseOperatorLink, ObjectStoragePath

from vitrine.collection import Collection
from vitrine.google import storage
from vitrine.google.bigquery import BigQuery
from vitrine.search.addresses import below_airflow, on_airflow, page_name
from vitrine.search.gallery import Picture, Section, gallery_page, results_as_text, thumbnail

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import TaskInstanceKey


class GalleryLink(BaseOperatorLink):
    """Opens the gallery through Airflow's web server, so that a browser needs no access to the bucket."""

    name = "Gallery"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """URL of the page, which exists once the task has succeeded."""
        return gallery_address(cast(WriteGalleryOperator, operator).collection, ti_key.dag_id, ti_key.run_id)


class SearchPageLink(BaseOperatorLink):
    """Opens the page "Image search" with the words and filters of this run, to refine them there."""

    name = "Image search"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """URL of the page within Airflow's UI."""
        searching = cast(WriteGalleryOperator, operator)
        search = {name: value for name, value in searching.search.items() if value}
        return below_airflow(f"/plugin/image-search/vitrine/{searching.collection.name}/?{urlencode(search)}")


class WriteGalleryOperator(BaseOperator):
    """Write the results of searches to an HTML file and to the log. Returns its path and the results.

    :param configuration: query job that reads the results (query, rank, gcs_uri, distance, change), nearest
        first.
    :param queries: the words of each search, in the order of the page.
    :param search: query string for the link to the search page: q (the words), prefix, n, exact.
    """

    template_fields = ("configuration", "queries", "search")
    template_ext = (".sql",)
    template_fields_renderers = {"configuration": "json"}
    operator_extra_links = (GalleryLink(), SearchPageLink())

    def __init__(
        self,
        *,
        collection: Collection,
        configuration: dict[str, Any],
        queries: list[str],
        search: dict[str, str],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.collection, self.configuration = collection, configuration
        self.queries, self.search = queries, search

    def execute(self, context: Context) -> dict[str, Any]:
        """Read the results, fetch their images, write the page. Returns {"gallery": ..., "results": ...}."""
        rows = BigQuery.of(self.collection, context["ti"]).rows(self.configuration)
        by_query = {query: [row for row in rows if row["query"] == query] for query in self.queries}
        for query, found in by_query.items():
            self.log.info("%s\n%s", query, results_as_text(found))
        run = context["dag_run"]
        html = gallery_page(
            [self._section(query, found) for query, found in by_query.items()],
            model=self.collection.model.id,
            searched_at=f"{run.run_after:%Y-%m-%d %H:%M} UTC",
        )
        path = gallery_path(self.collection) / page_name(run.dag_id, run.run_id)
        # A bucket has no folders, and to make one would take the permission to create buckets.
        if path.protocol != "gs":
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, encoding="utf-8")
        # As an address that Airflow's page of the log makes a link of, if Airflow knows its own.
        self.log.info(
            "Gallery: %s (%s)", on_airflow(gallery_address(self.collection, run.dag_id, run.run_id)), path
        )
        return {"gallery": str(path), "results": rows}

    def _section(self, query: str, rows: list[dict[str, Any]]) -> Section:
        client = storage.client(self.collection.gcp_conn_id)
        section = Section(query, [], [row["gcs_uri"] for row in rows if row["change"] == "gone"])
        for row in (row for row in rows if row["change"] != "gone"):
            data = storage.read_image(client, row["gcs_uri"])
            shown = {name: row[name] for name in ("rank", "gcs_uri", "distance", "change")}
            section.pictures.append(Picture(**shown, thumbnail=thumbnail(data) if data else None))
        return section


def gallery_address(collection: Collection, dag_id: str, run_id: str) -> str:
    """Where Airflow's web server shows the gallery of a run."""
    return below_airflow(f"/vitrine/{collection.name}/galleries/{page_name(dag_id, run_id)}")


def gallery_path(collection: Collection) -> ObjectStoragePath:
    """Where galleries are: a local folder, or a gs:// prefix that is accessed through the connection."""
    is_remote = collection.gallery.startswith("gs://")
    return ObjectStoragePath(collection.gallery, conn_id=collection.gcp_conn_id if is_remote else None)
