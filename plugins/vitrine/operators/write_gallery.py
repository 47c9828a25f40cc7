"""The end of a search: pictures a person looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, ObjectStoragePath

from vitrine import storage
from vitrine.bigquery import BigQuery
from vitrine.gallery import Picture, Section, render, table, thumbnail
from vitrine.links.gallery import GalleryLink, page_name
from vitrine.links.search_page import SearchPageLink

if TYPE_CHECKING:
    from airflow.sdk import Context


class WriteGalleryOperator(BaseOperator):
    """Write the results of searches as one HTML file, print them in the log. Returns both.

    :param configuration: query job that reads the results (query, rank, gcs_uri, distance, change), nearest
        first.
    :param queries: the words of each search, in the order of the page.
    :param search: fields of the search page to go on with: q (the words), prefix, n, exact.
    :param gallery: folder or gs:// prefix of the pages.
    :param model: model of the vectors, shown on the page.
    """

    template_fields = ("configuration", "queries", "search", "gallery")
    template_ext = (".sql",)
    template_fields_renderers = {"configuration": "json"}
    operator_extra_links = (GalleryLink(), SearchPageLink())

    def __init__(
        self,
        *,
        configuration: dict[str, Any],
        queries: list[str],
        search: dict[str, str],
        gallery: str,
        model: str,
        bigquery: BigQuery,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.configuration, self.queries, self.search = configuration, queries, search
        self.gallery, self.model, self.bigquery = gallery, model, bigquery

    def execute(self, context: Context) -> dict[str, Any]:
        """Read the results, fetch their images, write the page. Returns {"gallery": ..., "results": ...}."""
        rows = self.bigquery.rows(self.configuration)
        by_query = {query: [row for row in rows if row["query"] == query] for query in self.queries}
        for query, found in by_query.items():
            self.log.info("%s\n%s", query, table(found))
        run = context["dag_run"]
        html = render(
            [self._section(query, found) for query, found in by_query.items()],
            model=self.model,
            searched_at=f"{run.run_after:%Y-%m-%d %H:%M} UTC",
        )
        path = gallery_path(self.gallery, self.bigquery.gcp_conn_id) / page_name(run.dag_id, run.run_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, encoding="utf-8")
        self.log.info("Gallery: %s", path)
        return {"gallery": str(path), "results": rows}

    def _section(self, query: str, rows: list[dict[str, Any]]) -> Section:
        client = storage.client(self.bigquery.gcp_conn_id)
        section = Section(query, [], [row["gcs_uri"] for row in rows if row["change"] == "gone"])
        for row in (row for row in rows if row["change"] != "gone"):
            data = storage.read_image(client, row["gcs_uri"])
            shown = {name: row[name] for name in ("rank", "gcs_uri", "distance", "change")}
            section.pictures.append(Picture(**shown, thumbnail=thumbnail(data) if data else None))
        return section


def gallery_path(gallery: str, gcp_conn_id: str) -> ObjectStoragePath:
    """Where the pages are: a local folder, or a gs:// prefix read through the connection."""
    return ObjectStoragePath(gallery, conn_id=gcp_conn_id if gallery.startswith("gs://") else None)
