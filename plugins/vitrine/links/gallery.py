"""The link from a search's task to its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow.sdk import BaseOperatorLink
from airflow.sdk.configuration import conf

from vitrine.jobs import job_id

if TYPE_CHECKING:
    from airflow.models.taskinstancekey import TaskInstanceKey
    from airflow.sdk import BaseOperator


def page_name(run_id: str) -> str:
    """File name of the gallery of a run of search_images."""
    return f"{job_id(run_id)}.html"


def below_airflow(path: str) -> str:
    """The path where Airflow itself is served below a path, as on Astro."""
    return urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/") + path


class GalleryLink(BaseOperatorLink):
    """Opens the gallery through Airflow's own web server, so that a browser needs no access to the bucket."""

    name = "Gallery"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Address of the page; it is there once the task has succeeded."""
        return below_airflow(f"/vitrine/galleries/{page_name(ti_key.run_id)}")
