"""The health pages: was last night good, and what must be done; what is where, and what it costs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from google.api_core.exceptions import NotFound
from starlette.concurrency import run_in_threadpool

from vitrine import limits
from vitrine.collection import Collection, load
from vitrine.embed.planning import Batch, Plan, estimate
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import content_types, model, string
from vitrine.index.state import IndexState, classify, too_few_rows
from vitrine.index.vector_index import VectorIndex
from vitrine.schedule import longest_gap
from vitrine.search.addresses import below_airflow
from vitrine.web import chart, nights, trend
from vitrine.web.ask import ask
from vitrine.web.chosen import ChosenCollection
from vitrine.web.nights import EMBED_DAG, Nights
from vitrine.web.pages import EXPECTED, Problem, explain, page
from vitrine.web.verdict import Failure, Link, Report, Situation, Task, Verdict, verdict

router = APIRouter()

SETUP_DAG, MAINTENANCE_DAG = "setup_image_search", "maintain_vector_index"
MOST_STATUSES = 20
MOST_BROKEN = 60
MOST_MONTHS = 12
# Among them is the last success, unless nothing has succeeded for weeks.
MOST_REPORTS = 60
# Columns that a table of an earlier version lacks.
NEW_COLUMNS = {
    "outcome": None,
    "deferred": None,
    "deferred_reason": None,
    "cost_usd": None,
    "changed": None,
    "reason": None,
    "failures": None,
}
TIB = 2**40


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
class Month:
    """What the runs of a calendar month (UTC) have cost, in USD; None where no run has written it.

    `is_partial` says that an earlier version has written some of the runs, without all of their costs.
    """

    month: str
    runs: int
    published: int
    model_usd: float | None
    bigquery_usd: float | None
    is_partial: bool

    @property
    def total_usd(self) -> float:
        """What is known of it."""
        return (self.model_usd or 0.0) + (self.bigquery_usd or 0.0)


@dataclass(frozen=True)
class Ledger:
    """The reports of the last runs, newest first, and what the months have cost, newest first."""

    reports: list[dict[str, Any]]
    months: list[Month]


@dataclass(frozen=True)
class Health:
    """What the page shows, except the backlog, which takes longer to count."""

    searchable: int
    index: IndexState
    ledger: Ledger
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
        ledger = _ledger(pool, collection)
        statuses = pool.submit(ask, collection, "pages/count_quarantine.sql", space, most=MOST_STATUSES)
        broken = pool.submit(
            ask, collection, "pages/select_quarantine.sql", space, *matching, most=MOST_BROKEN
        )
        recall = pool.submit(_recall, collection)
    searchable, state = index.result()
    return Health(
        searchable,
        state,
        ledger(),
        statuses.result().rows,
        broken.result().rows,
        recall.result(),
        collection.min_recall,
    )


def _ledger(pool: ThreadPoolExecutor, collection: Collection) -> Callable[[], Ledger]:
    """Begin to read a collection's ledger: two queries. What is returned waits for them."""
    runs = pool.submit(ask, collection, "pages/select_runs.sql", most=MOST_REPORTS)
    months = pool.submit(ask, collection, "pages/select_costs.sql", most=MOST_MONTHS)
    return lambda: Ledger(
        [_with_changed(NEW_COLUMNS | row) for row in runs.result().rows],
        [_month(row) for row in months.result().rows],
    )


def _with_changed(report: dict[str, Any]) -> dict[str, Any]:
    """A report in whose chart the images that changed are with those that vanished."""
    return report | {"vanished": report["vanished"] + (report["changed"] or 0)}


def _month(row: Mapping[str, Any]) -> Month:
    billed = row["bytes_billed"]
    return Month(
        month=datetime.strptime(row["month"], "%Y-%m").strftime("%b %Y"),
        runs=row["runs"],
        published=row["published"],
        model_usd=row["cost_usd"],
        bigquery_usd=None if billed is None else billed / TIB * limits.QUERY_USD_PER_TIB,
        is_partial=row["cost_partly"] or row["bytes_partly"],
    )


def _recall(collection: Collection) -> list[dict[str, Any]] | None:
    """The last measurements of the index, newest first."""
    try:
        sql = "pages/select_index_health.sql"
        return ask(collection, sql, model(collection), most=trend.MOST_MEASUREMENTS).rows
    except NotFound:  # a table that an earlier version did not create must not break the page
        return None


def _index(collection: Collection) -> tuple[int, IndexState]:
    """Number of rows in the searchable table, and the state of its index."""
    bigquery, index = BigQuery.of(collection), VectorIndex.of(collection)
    listed = bigquery.ask(index.question(), label="select_vector_index").rows
    size = bigquery.table_size(index.table, someone_waits=True)
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


def judge(collection: Collection, looked: Nights, reports: Sequence[Mapping[str, Any]] | None) -> Verdict:
    """The verdict on a collection; `reports` is None if it is not set up."""
    within = collection.complete_within_minutes
    return verdict(
        Situation(
            now=datetime.now(UTC),
            dag=looked.dag,
            reports=None if reports is None else [_report(row) for row in reports],
            image_usd=collection.rates.image_usd,
            gap=longest_gap(collection.schedule),
            runs=looked.runs,
            may_see=looked.may_see,
            within=None if within is None else timedelta(minutes=within),
            setup_dag=collection.dag_id(SETUP_DAG),
        )
    )


def _report(row: Mapping[str, Any]) -> Report:
    return Report(
        run_id=row["run_id"],
        at=row["started_at"],
        outcome=row["outcome"] or "",
        complete=row["complete"],
        published=row["published"],
        quarantined=row["quarantined"],
        pending=row["pending"],
        deferred=row["deferred"] or 0,
        deferred_reason=row["deferred_reason"] or "",
        cost_usd=row["cost_usd"],
        reason=row["reason"] or "",
        failures=tuple(Failure(**failure) for failure in row["failures"] or ()),
    )


def address(collection: Collection, link: Link) -> str:
    """Where a link of a verdict leads, in Airflow or on this page; below Airflow's own address."""
    dag = f"/dags/{quote(collection.dag_id(EMBED_DAG), safe='')}"
    run = f"{dag}/runs/{quote(link.run_id, safe='')}"
    here = f"/vitrine/{collection.name}/health"
    task = link.task or Task("")
    at = {"run": link.run_id, "task": task.task_id, "map": task.map_index, "try": task.try_number}
    places = {
        "log": f"{here}/log?{urlencode(at)}",
        "question": f"{run}/tasks/{quote(task.task_id, safe='')}/required_actions",
        "run": run,
        "dag": dag,
        "dags": "/dags",
        "setup": f"/dags/{quote(collection.dag_id(SETUP_DAG), safe='')}",
        "quarantine": f"{here}#quarantine",
    }
    return below_airflow(places[link.to])


@router.get("/health/log")
async def log_line(
    request: Request,
    collection: ChosenCollection,
    run: str,
    task: str,
    map_index: Annotated[int, Query(alias="map")] = -1,
    try_number: Annotated[int, Query(alias="try")] = 1,
) -> RedirectResponse:
    """Airflow's page of a task's log, at the line that explains why it failed."""
    dag, failed = collection.dag_id(EMBED_DAG), Task(task, "failed", map_index, try_number)
    line = await nights.explaining_line(request, dag, run, failed)
    mapped = f"/mapped/{map_index}" if map_index >= 0 else ""
    place = f"/dags/{quote(dag, safe='')}/runs/{quote(run, safe='')}/tasks/{quote(task, safe='')}{mapped}"
    return RedirectResponse(
        below_airflow(f"{place}?try_number={try_number}{'' if line is None else f'#{line}'}")
    )


async def looked_at(request: Request, collection: ChosenCollection) -> Nights:
    """What Airflow says of the runs: before the page takes a thread, since Airflow needs threads, too."""
    return await nights.look(request, collection)


LookedAt = Annotated[Nights, Depends(looked_at)]


@router.get("/health")
def health_page(
    request: Request, collection: ChosenCollection, looked: LookedAt, user: GetUserDep
) -> HTMLResponse:
    """The page, with a button to replay the quarantine for people who may run the DAG."""
    chosen, health, problem, said = Filter.read(request.query_params), None, None, None
    try:
        health = look(collection, chosen)
        said = judge(collection, looked, health.ledger.reports)
    except NotFound as error:
        problem, said = explain(error), judge(collection, looked, None)
    except EXPECTED as error:
        problem = explain(error)
    dag = collection.dag_id(EMBED_DAG)
    runs = health.ledger.reports[: chart.MOST_RUNS] if health else []
    return page(
        "health.html",
        collection=collection,
        problem=problem,
        said=said,
        may_see=looked.may_see,
        address=address,
        chosen=chosen,
        health=health,
        runs=runs,
        columns=chart.columns(runs[::-1]),
        marks=chart.marks(runs),
        chart=chart,
        trend=trend.trend((health.recall or [])[::-1], health.recall_goal) if health else None,
        scale=trend,
        dag=dag,
        maintenance_dag=collection.dag_id(MAINTENANCE_DAG),
        may_replay=get_auth_manager().is_authorized_dag(
            method="POST", access_entity=DagAccessEntity.RUN, details=DagDetails(id=dag), user=user
        ),
    )


@router.get("/health/now")
def now_part(collection: ChosenCollection, looked: LookedAt) -> Response:
    """The first line while a run is under way, without a BigQuery job; 204 once none is."""
    if looked.active is None:
        return Response(status_code=204)
    said = judge(collection, looked, [])
    return page("first.html", collection=collection, said=said, address=address)


@router.get("/health/backlog")
def backlog_part(collection: ChosenCollection) -> HTMLResponse:
    """The number of pending images, loaded after the rest because it compares the listing with all tables."""
    try:
        plan, cap, budget = backlog(collection), collection.max_cost_usd, collection.monthly_budget_usd
    except EXPECTED as error:
        return page("backlog.html", collection=collection, problem=explain(error))
    return page("backlog.html", collection=collection, plan=plan, cap=cap, budget=budget)


@dataclass(frozen=True)
class Glance:
    """A collection in one line: its verdict, or what kept us from it, and what its months have cost."""

    collection: Collection
    said: Verdict | None
    problem: Problem | None
    months: list[Month]


def glance(collection: Collection, looked: Nights) -> Glance:
    """Look at a collection: two queries."""
    try:
        with ThreadPoolExecutor() as pool:
            ledger = _ledger(pool, collection)
        read = ledger()
    except NotFound:
        return Glance(collection, judge(collection, looked, None), None, [])
    except EXPECTED as error:
        return Glance(collection, None, explain(error), [])
    months = read.months if looked.may_see else []
    return Glance(collection, judge(collection, looked, read.reports), None, months)


async def overview(request: Request) -> HTMLResponse:
    """All collections, with one line each, and what they cost by month."""
    collections = load().collections
    looked = await asyncio.gather(*(nights.look(request, one) for one in collections))
    glances = await asyncio.gather(
        *(run_in_threadpool(glance, one, seen) for one, seen in zip(collections, looked, strict=True))
    )
    return page("overview.html", glances=glances, address=address)
