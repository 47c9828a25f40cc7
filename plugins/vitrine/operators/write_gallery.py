"""The end of a search: pictures a person looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, ObjectStoragePath

from vitrine import storage
from vitrine.bigquery import BigQuery
from vitrine.gallery import Picture, render, table, thumbnail
from vitrine.links.gallery import GalleryLink, page_name
from vitrine.links.search_page import SearchPageLink

if TYPE_CHECKING:
    from airflow.sdk import Context


class WriteGalleryOperator(BaseOperator):
    """Write the results of a search as one HTML file, print the best in the log. Returns both.

    :param configuration: query job that reads the results (rank, gcs_uri, distance), nearest first.
    :param search: the search as fields of the search page: q (the words), prefix, n, exact.
    :param gallery: folder or gs:// prefix of the pages.
    :param model: model of the vectors, shown on the page.
    """

    template_fields = ("configuration", "search", "gallery")
    template_ext = (".sql",)
    template_fields_renderers = {"configuration": "json"}
    operator_extra_links = (GalleryLink(), SearchPageLink())

    def __init__(
        self,
        *,
        configuration: dict[str, Any],
        search: dict[str, str],
        gallery: str,
        model: str,
        bigquery: BigQuery,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.configuration, self.search, self.gallery, self.model = configuration, search, gallery, model
        self.bigquery = bigquery

    def execute(self, context: Context) -> dict[str, Any]:
        """Read the results, fetch their images, write the page. Returns {"gallery": ..., "results": ...}."""
        rows = self.bigquery.rows(self.configuration)
        self.log.info("%s\n%s", self.search["q"], table(rows))
        run = context["dag_run"]
        html = render(
            self.search["q"],
            self._pictures(rows),
            model=self.model,
            searched_at=f"{run.run_after:%Y-%m-%d %H:%M} UTC",
        )
        path = gallery_path(self.gallery, self.bigquery.gcp_conn_id) / page_name(run.run_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, encoding="utf-8")
        self.log.info("Gallery: %s", path)
        return {"gallery": str(path), "results": rows}

    def _pictures(self, rows: list[dict[str, Any]]) -> list[Picture]:
        client = storage.client(self.bigquery.gcp_conn_id)
        pictures = []
        for row in rows:
            data = storage.read_image(client, row["gcs_uri"])
            pictures.append(Picture(**row, thumbnail=thumbnail(data) if data else None))
        return pictures


def gallery_path(gallery: str, gcp_conn_id: str) -> ObjectStoragePath:
    """Where the pages are: a local folder, or a gs:// prefix read through the connection."""
    return ObjectStoragePath(gallery, conn_id=gcp_conn_id if gallery.startswith("gs://") else None)
