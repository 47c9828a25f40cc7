"""The health page: what is searchable, pending and quarantined, and how the last runs went."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from typing import Any
from urllib.parse import urlencode

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from google.api_core.exceptions import NotFound

from vitrine import limits
from vitrine.collection import Collection
from vitrine.embed.planning import Batch, Plan, estimate
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import content_types, model, string
from vitrine.index.state import IndexState, classify, too_few_rows
from vitrine.index.vector_index import VectorIndex
from vitrine.web import chart, trend
from vitrine.web.ask import ask
from vitrine.web.chosen import ChosenCollection
from vitrine.web.pages import EXPECTED, explain, page

router = APIRouter()

EMBED_DAG, MAINTENANCE_DAG = "embed_images", "maintain_vector_index"
MOST_STATUSES = 20
MOST_BROKEN = 60
# Columns that a table of an earlier version lacks.
NEW_COLUMNS = {"outcome": None, "deferred": None, "cost_usd": None, "changed": None}


@dataclass(frozen=True)
class Filter:
    """Selects quarantined images to show or replay, by the beginnings of status and URI."""

    status: str = ""
    uri_prefix: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filter:
        """The filter in a query string: status, prefix."""
        return cls(query.get("status", ""), query.get("prefix", "").strip())

    def address(self, status: str) -> str:
        """Relative URL of the page with another status."""
        pairs = {"status": status, "prefix": self.uri_prefix}
        return "health?" + urlencode({name: value for name, value in pairs.items() if value}) + "#quarantine"


@dataclass(frozen=True)
class Health:
    """What the page shows, except the backlog, which takes longer to count."""

    searchable: int
    index: IndexState
    runs: list[dict[str, Any]]
    statuses: list[dict[str, Any]]
    broken: list[dict[str, Any]]
    recall: list[dict[str, Any]] | None  # None: the table does not exist yet
    recall_goal: float

    @property
    def quarantined(self) -> int:
        """Number of images in quarantine."""
        return self.statuses[0]["total"] if self.statuses else 0

    @property
    def matching(self) -> int:
        """Number of images that match the filter, including those not shown."""
        return self.broken[0]["matching"] if self.broken else 0


def look(collection: Collection, chosen: Filter) -> Health:
    """Run all queries in parallel. Errors: see BigQuery.ask."""
    space = model(collection)
    matching = string("status", chosen.status), string("uri_prefix", chosen.uri_prefix)
    with ThreadPoolExecutor() as pool:
        index = pool.submit(_index, collection)
        runs = pool.submit(ask, collection, "pages/select_runs.sql", most=chart.MOST_RUNS)
        statuses = pool.submit(ask, collection, "pages/count_quarantine.sql", space, most=MOST_STATUSES)
        broken = pool.submit(
            ask, collection, "pages/select_quarantine.sql", space, *matching, most=MOST_BROKEN
        )
        recall = pool.submit(_recall, collection)
    searchable, state = index.result()
    reports = [_with_changed(NEW_COLUMNS | row) for row in runs.result().rows]
    return Health(
        searchable,
        state,
        reports,
        statuses.result().rows,
        broken.result().rows,
        recall.result(),
        collection.min_recall,
    )


def _with_changed(report: dict[str, Any]) -> dict[str, Any]:
    """A report in whose chart the images that changed are with those that vanished."""
    return report | {"vanished": report["vanished"] + (report["changed"] or 0)}


def _recall(collection: Collection) -> list[dict[str, Any]] | None:
    """The last measurements of the index, newest first."""
    try:
        sql = "pages/select_index_health.sql"
        return ask(collection, sql, model(collection), most=trend.MOST_MEASUREMENTS).rows
    except NotFound:  # a table that an earlier version did not create must not break the page
        return None


def _index(collection: Collection) -> tuple[int, IndexState]:
    """Number of rows in the searchable table, and the state of its index."""
    # First the question that gives up within seconds where BigQuery cannot be reached: a person is waiting.
    bigquery, index = BigQuery.of(collection), VectorIndex.of(collection)
    listed = bigquery.ask(index.question(), label="select_vector_index").rows
    size = bigquery.table_size(index.table)
    if not listed and (state := too_few_rows(size.rows)):
        return size.rows, state
    return size.rows, classify(listed[0] if listed else None, size.bytes, collection.index_coverage)


def backlog(collection: Collection) -> Plan:
    """What the next run has to do. Errors: see BigQuery.ask."""
    [counted] = ask(
        collection,
        "pages/count_pending.sql",
        model(collection),
        content_types(collection),
    ).rows
    images = counted["images"]
    size = limits.MAX_ROWS_PER_EMBEDDING_JOB
    batches = [
        Batch(
            work_order="",
            planned_at="",
            batch_number=number,
            images=min(size, images - number * size),
            bytes=0,
        )
        for number in range(ceil(images / size))
    ]
    return estimate(batches, collection.rates)


@router.get("/health")
def health_page(request: Request, collection: ChosenCollection, user: GetUserDep) -> HTMLResponse:
    """The page, with a button to replay the quarantine for people who may run the DAG."""
    chosen, health, problem = Filter.read(request.query_params), None, None
    try:
        health = look(collection, chosen)
    except EXPECTED as error:
        problem = explain(error)
    dag = collection.dag_id(EMBED_DAG)
    return page(
        "health.html",
        collection=collection,
        problem=problem,
        chosen=chosen,
        health=health,
        columns=chart.columns(health.runs[::-1]) if health else [],
        most_planned=max((run["planned"] for run in health.runs), default=0) if health else 0,
        chart=chart,
        trend=trend.trend((health.recall or [])[::-1], health.recall_goal) if health else None,
        scale=trend,
        dag=dag,
        maintenance_dag=collection.dag_id(MAINTENANCE_DAG),
        may_replay=get_auth_manager().is_authorized_dag(
            method="POST", access_entity=DagAccessEntity.RUN, details=DagDetails(id=dag), user=user
        ),
    )


@router.get("/health/backlog")
def backlog_part(collection: ChosenCollection) -> HTMLResponse:
    """The number of pending images, loaded after the rest because it compares the listing with all tables."""
    try:
        plan, cap, budget = backlog(collection), collection.max_cost_usd, collection.monthly_budget_usd
    except EXPECTED as error:
        return page("backlog.html", collection=collection, problem=explain(error))
    return page("backlog.html", collection=collection, plan=plan, cap=cap, budget=budget)
