"""The health page: how much is searchable, what waits, what broke, and what the last runs did."""

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

from vitrine import limits, queries
from vitrine.bigquery import BigQuery
from vitrine.index_state import IndexState, classify, too_few_rows
from vitrine.jobs import string
from vitrine.planning import Batch, Plan, estimate
from vitrine.settings import Settings, load
from vitrine.web import chart, trend
from vitrine.web.pages import EXPECTED, explain, page
from vitrine.web.statements import ask

router = APIRouter()

EMBED_DAG = "embed_images"
MOST_STATUSES = 20
MOST_BROKEN = 60
# What a table of an earlier version does not have.
NEW_COLUMNS = {"outcome": None, "deferred": None, "cost_usd": None}


@dataclass(frozen=True)
class Filter:
    """Which quarantined images are shown, and replayed: those whose status and uri begin with these."""

    status: str = ""
    uri_prefix: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filter:
        """The filter of an address: status, prefix."""
        return cls(query.get("status", ""), query.get("prefix", "").strip())

    def address(self, status: str) -> str:
        """Address of the page with another status, relative to it."""
        pairs = {"status": status, "prefix": self.uri_prefix}
        return "health?" + urlencode({name: value for name, value in pairs.items() if value}) + "#quarantine"


@dataclass(frozen=True)
class Health:
    """What the page shows, but for the backlog, which takes longer to count."""

    searchable: int
    index: IndexState
    runs: list[dict[str, Any]]
    statuses: list[dict[str, Any]]
    broken: list[dict[str, Any]]
    recall: list[dict[str, Any]] | None  # None: the table is not there yet
    recall_goal: float

    @property
    def quarantined(self) -> int:
        """All images in quarantine."""
        return self.statuses[0]["total"] if self.statuses else 0

    @property
    def matching(self) -> int:
        """All images that the filter lets through, also those not shown."""
        return self.broken[0]["matching"] if self.broken else 0


def look(settings: Settings, chosen: Filter) -> Health:
    """Ask BigQuery for everything at once. Errors: those of BigQuery.ask."""
    model = string("model", settings.model)
    matching = string("status", chosen.status), string("uri_prefix", chosen.uri_prefix)
    with ThreadPoolExecutor() as pool:
        index = pool.submit(_index, settings)
        runs = pool.submit(ask, settings, "health_page/select_runs.sql", most=chart.MOST_RUNS)
        statuses = pool.submit(ask, settings, "health_page/count_quarantine.sql", model, most=MOST_STATUSES)
        broken = pool.submit(
            ask, settings, "health_page/select_quarantine.sql", model, *matching, most=MOST_BROKEN
        )
        recall = pool.submit(_recall, settings)
    searchable, state = index.result()
    reports = [NEW_COLUMNS | row for row in runs.result().rows]
    return Health(
        searchable, state, reports, statuses.result().rows, broken.result().rows, recall.result(),
        settings.min_recall,
    )  # fmt: skip


def _recall(settings: Settings) -> list[dict[str, Any]] | None:
    """The last measurements of the index, newest first."""
    try:
        sql, model = "health_page/select_index_health.sql", string("model", settings.model)
        return ask(settings, sql, model, most=trend.MOST_MEASUREMENTS).rows
    except NotFound:  # a table that an earlier version did not make must not hide the rest
        return None


def _index(settings: Settings) -> tuple[int, IndexState]:
    """Rows of the searchable table, and what its index is up to."""
    [counted] = ask(settings, "embed_images/count_embeddings.sql").rows
    listed = ask(settings, "embed_images/select_vector_index.sql").rows
    rows = counted["row_count"]
    if not listed and (state := too_few_rows(rows)):
        return rows, state
    bigquery = BigQuery(settings.gcp_conn_id, settings.project, settings.location)
    size = bigquery.logical_bytes(settings.table_id("met_image_embeddings"))
    return rows, classify(listed[0] if listed else None, size, settings.index_coverage)


def backlog(settings: Settings) -> Plan:
    """What the next run has to do. Errors: those of BigQuery.ask."""
    [counted] = ask(
        settings,
        "health_page/count_pending.sql",
        queries.model(settings),
        queries.content_types(settings),
        queries.RETRYABLE,
        queries.FAILED_ALONE,
    ).rows
    images = counted["images"]
    size = limits.MAX_ROWS_PER_EMBEDDING_JOB
    batches = [
        Batch(work_order="", batch_number=number, images=min(size, images - number * size), bytes=0)
        for number in range(ceil(images / size))
    ]
    return estimate(batches, settings.rates)


@router.get("/health")
def health_page(request: Request, user: GetUserDep) -> HTMLResponse:
    """The page; with a button to replay the quarantine for those who may run the DAG."""
    chosen, health, problem = Filter.read(request.query_params), None, None
    try:
        health = look(load(), chosen)
    except EXPECTED as error:
        problem = explain(error)
    return page(
        "health.html",
        problem=problem,
        chosen=chosen,
        health=health,
        columns=chart.columns(health.runs[::-1]) if health else [],
        most_planned=max((run["planned"] for run in health.runs), default=0) if health else 0,
        chart=chart,
        trend=trend.trend((health.recall or [])[::-1], health.recall_goal) if health else None,
        scale=trend,
        dag=EMBED_DAG,
        may_replay=get_auth_manager().is_authorized_dag(
            method="POST", access_entity=DagAccessEntity.RUN, details=DagDetails(id=EMBED_DAG), user=user
        ),
    )


@router.get("/health/backlog")
def backlog_part() -> HTMLResponse:
    """The part of the page that lists the bucket; loaded after the rest."""
    try:
        settings = load()
        plan, cap, budget = backlog(settings), settings.max_cost_usd, settings.monthly_budget_usd
    except EXPECTED as error:
        return page("backlog.html", problem=explain(error))
    return page("backlog.html", plan=plan, cap=cap, budget=budget)
