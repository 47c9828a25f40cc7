"""The link from a search's task to the page with the same search."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from airflow.sdk import BaseOperatorLink

from vitrine.search.gallery_link import below_airflow

if TYPE_CHECKING:
    from airflow.models.taskinstancekey import TaskInstanceKey

    from vitrine.search.write_gallery import WriteGalleryOperator


class SearchPageLink(BaseOperatorLink):
    """Opens the page "Image search" with the words and filters of this run, to go on from there."""

    name = "Image search"

    def get_link(self, operator: WriteGalleryOperator, *, ti_key: TaskInstanceKey) -> str:
        """Address of the page inside Airflow's own."""
        search = {name: value for name, value in operator.search.items() if value}
        return below_airflow(f"/plugin/image-search/vitrine/{operator.collection.name}/?{urlencode(search)}")
