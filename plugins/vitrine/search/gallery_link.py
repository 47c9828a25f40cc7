"""The link from a search's task to its pictures."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow.sdk import BaseOperatorLink
from airflow.sdk.configuration import conf

if TYPE_CHECKING:
    from airflow.models.taskinstancekey import TaskInstanceKey

    from vitrine.search.write_gallery import WriteGalleryOperator


def page_name(dag_id: str, run_id: str) -> str:
    """File name of a run's gallery.

    The hash tells apart what reads the same once it is a file's name, or is cut off: such a name has at most
    255 characters, and a run id alone may have 250.
    """
    readable = "-".join(re.sub(r"\W", "_", part, flags=re.ASCII) for part in (dag_id, run_id))
    return f"{readable[:200]}-{sha256(run_id.encode()).hexdigest()[:8]}.html"


def below_airflow(path: str) -> str:
    """The path where Airflow itself is served below a path, as on Astro."""
    return urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/") + path


class GalleryLink(BaseOperatorLink):
    """Opens the gallery through Airflow's own web server, so that a browser needs no access to the bucket."""

    name = "Gallery"

    def get_link(self, operator: WriteGalleryOperator, *, ti_key: TaskInstanceKey) -> str:
        """Address of the page; it is there once the task has succeeded."""
        page = page_name(ti_key.dag_id, ti_key.run_id)
        return below_airflow(f"/vitrine/{operator.collection.name}/galleries/{page}")
