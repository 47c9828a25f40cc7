"""The link from a search's task to its gallery."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from airflow.sdk import BaseOperatorLink
from airflow.sdk.configuration import conf

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

    from vitrine.search.write_gallery import WriteGalleryOperator


def page_name(dag_id: str, run_id: str) -> str:
    """File name of a run's gallery.

    The hash keeps names distinct after characters have been replaced or cut off: a file name has at most 255
    characters, and a run id can have 250.
    """
    readable = "-".join(re.sub(r"\W", "_", part, flags=re.ASCII) for part in (dag_id, run_id))
    return f"{readable[:200]}-{sha256(run_id.encode()).hexdigest()[:8]}.html"


def below_airflow(path: str) -> str:
    """The path, with the prefix below which Airflow is served, if any (as on Astro)."""
    base_url: str = conf.get("api", "base_url", fallback="")
    return urlsplit(base_url).path.rstrip("/") + path


class GalleryLink(BaseOperatorLink):
    """Opens the gallery through Airflow's web server, so that a browser needs no access to the bucket."""

    name = "Gallery"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """URL of the page, which exists once the task has succeeded."""
        collection = cast("WriteGalleryOperator", operator).collection
        page = page_name(ti_key.dag_id, ti_key.run_id)
        return below_airflow(f"/vitrine/{collection.name}/galleries/{page}")
