"""The link from a search's task to the same search on the search page."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

from airflow.sdk import BaseOperatorLink

from vitrine.search.gallery_link import below_airflow

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

    from vitrine.search.write_gallery import WriteGalleryOperator


class SearchPageLink(BaseOperatorLink):
    """Opens the page "Image search" with the words and filters of this run, to refine them there."""

    name = "Image search"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """URL of the page within Airflow's UI."""
        searching = cast("WriteGalleryOperator", operator)
        search = {name: value for name, value in searching.search.items() if value}
        return below_airflow(f"/plugin/image-search/vitrine/{searching.collection.name}/?{urlencode(search)}")
