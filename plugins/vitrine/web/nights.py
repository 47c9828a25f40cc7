"""What Airflow says about the runs of embed_images: its REST API, asked as the person who looks at the page.

The API runs in the same process, so it is called without a network. It sees the person's own headers: whoever
may not see a DAG's runs is refused by Airflow, not by us (docs/decisions/0019).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote, urlencode

import httpx
from fastapi import Request
from starlette.concurrency import run_in_threadpool

from vitrine.collection import Collection
from vitrine.embed import turns
from vitrine.embed.stages import kind
from vitrine.errors import AirflowSilentError
from vitrine.web.verdict import Dag, Progress, Run, Task

if TYPE_CHECKING:
    from starlette.types import ASGIApp

EMBED_DAG: Final = "embed_images"
PLAN: Final = "plan.plan_batches"
APPROVE: Final = "plan.approve_cost"
# So that the last night is among them, however many dry runs there were since.
MOST_RUNS: Final = 20
MOST_TASKS: Final = 100
UNDER_WAY: Final = (
    "awaiting_input",
    "deferred",
    "queued",
    "restarting",
    "running",
    "scheduled",
    "up_for_reschedule",
    "up_for_retry",
)
# Lines of a log that Airflow's page shows as headings that fold, and does not number.
FOLDING: Final = ("::group::", "::endgroup::")
# Headers of the person's request that are about its body, its connection or the page it comes from.
OF_THE_PAGE: Final = ("accept-encoding", "connection", "origin", "transfer-encoding")
OF_THE_PAGE_TOO: Final = ("content-", "if-", "sec-fetch-")


@dataclass(frozen=True)
class Nights:
    """The runs of a collection, newest first; `dag` is None if Airflow has no such DAG."""

    dag: Dag | None
    runs: tuple[Run, ...] = ()
    may_see: bool = True

    @property
    def active(self) -> Run | None:
        """The run that has not ended: the oldest, if several wait."""
        return next((run for run in reversed(self.runs) if run.is_active), None)


class Refused(Exception):
    """Airflow does not show this to this person."""


@dataclass(frozen=True)
class Airflow:
    """Airflow's REST API, as the person of a request."""

    app: ASGIApp
    headers: Mapping[str, str]

    @classmethod
    def of(cls, request: Request) -> Airflow:
        """The Airflow that serves a request."""
        kept = {
            name: value
            for name, value in request.headers.items()
            if name not in OF_THE_PAGE and not name.startswith(OF_THE_PAGE_TOO)
        }
        return cls(request.scope["airflow"], kept | {"accept": "application/json"})

    async def get(self, path: str, **query: Any) -> Any:
        """The answer at a path below /api/v2; None if there is nothing.

        Errors: Refused, AirflowSilentError.
        """
        transport = httpx.ASGITransport(cast(Any, self.app), raise_app_exceptions=False)
        address = f"/api/v2{path}?{urlencode(query, doseq=True)}"
        async with httpx.AsyncClient(transport=transport, base_url="http://airflow") as client:
            answer = await client.get(address, headers=dict(self.headers))
        if answer.status_code in (401, 403):
            raise Refused(path)
        if answer.status_code == 404:
            return None
        if not answer.is_success:
            raise AirflowSilentError(f"Airflow answers {answer.status_code} to {path}: reload the page.")
        return answer.json()


async def look(request: Request, collection: Collection) -> Nights:
    """The last runs of a collection and model, with what is under way or has failed in the newest of them."""
    airflow, dag_id = Airflow.of(request), collection.dag_id(EMBED_DAG)
    path = f"/dags/{quote(dag_id, safe='')}"
    try:
        dag, listed = await asyncio.gather(
            airflow.get(path), airflow.get(f"{path}/dagRuns", order_by="-run_after", limit=MOST_RUNS)
        )
    except Refused:
        return Nights(None, may_see=False)
    if dag is None or listed is None:
        return Nights(None)
    runs = [_run(run) for run in listed["dag_runs"]]
    for number, run in enumerate(runs):
        if run.is_active:
            runs[number] = await _under_way(airflow, collection, path, run)
        elif run.state == "failed":
            runs[number] = await _failed(airflow, path, run)
        if not run.is_active:
            break
    due = dag["next_dagrun_run_after"]
    return Nights(Dag(dag_id, dag["is_paused"], _time(due) if due else None), tuple(runs))


async def explaining_line(request: Request, dag_id: str, run_id: str, task: Task) -> int | None:
    """Where the first error in a task's log is, as Airflow's page numbers lines; None if that is unknown."""
    path = _instance(f"/dags/{quote(dag_id, safe='')}", run_id, task.task_id)
    found = await _get(Airflow.of(request), f"{path}/logs/{task.try_number}", map_index=task.map_index)
    number = 0
    for event in found["content"] if found else []:
        if isinstance(event, str) or str(event["event"]).startswith(FOLDING):
            continue
        if event.get("level") in ("error", "critical"):
            return number
        number += 1
    return None


def _run(run: Mapping[str, Any]) -> Run:
    return Run(
        run_id=run["dag_run_id"],
        state=run["state"],
        at=_time(run["run_after"]),
        scheduled=run["run_type"] == "scheduled",
    )


async def _failed(airflow: Airflow, path: str, run: Run) -> Run:
    """The run with the tasks that failed, the first to fail first."""
    return replace(run, tasks=await _tasks(airflow, path, run, state="failed", order_by="end_date"))


async def _under_way(airflow: Airflow, collection: Collection, path: str, run: Run) -> Run:
    """The run with its tasks under way, how far it is, and whom it waits for."""
    run = replace(run, tasks=await _tasks(airflow, path, run, state=UNDER_WAY))
    kinds = {kind(task.task_id): task for task in run.tasks}
    if "approve_cost" in kinds:
        details = await _get(airflow, f"{_instance(path, run.run_id, APPROVE)}/-1/hitlDetails")
        return replace(run, question=details["subject"] if details else "")
    for sensor, turn in (
        ("take_turn", turns.for_tables(collection)),
        ("take_quota", turns.for_quota(collection)),
    ):
        if sensor in kinds and kinds[sensor].state == "up_for_reschedule":
            return replace(run, waits_for=await _holder(airflow, turn, run))
    return replace(run, progress=await _progress(airflow, path, run))


async def _tasks(airflow: Airflow, path: str, run: Run, **query: Any) -> tuple[Task, ...]:
    found = await _get(
        airflow, f"{path}/dagRuns/{quote(run.run_id, safe='')}/taskInstances", limit=MOST_TASKS, **query
    )
    return tuple(
        Task(task["task_id"], task["state"], task["map_index"], task["try_number"])
        for task in (found["task_instances"] if found else [])
    )


async def _progress(airflow: Airflow, path: str, run: Run) -> Progress | None:
    """How far the run is, by what its tasks have left: it costs no BigQuery job. None before the plan."""
    planned, settled = await asyncio.gather(
        _xcom(airflow, path, run, PLAN, "return_value"),
        _tasks_settled(airflow, path, run),
    )
    if not isinstance(planned, list) or not planned:
        return None
    images = sum(batch["images"] for batch in planned)
    if settled is None:
        return Progress(done=0, left=images)
    task_id, map_index = settled
    counted = await _xcom(airflow, path, run, task_id, "progress", map_index)
    if not isinstance(counted, dict):
        return None
    return Progress(images - counted["left"], counted["left"], counted["minutes_left"])


async def _tasks_settled(airflow: Airflow, path: str, run: Run) -> tuple[str, int] | None:
    """The batch that was settled last."""
    found = await _get(
        airflow,
        f"{path}/dagRuns/{quote(run.run_id, safe='')}/taskInstances",
        state="success",
        operator="SettleBatchOperator",
        order_by="-end_date",
        limit=1,
    )
    settled = found["task_instances"] if found else []
    return (settled[0]["task_id"], settled[0]["map_index"]) if settled else None


async def _holder(airflow: Airflow, turn: str, run: Run) -> str:
    """The run that has a turn, in words, if it is active and this person may see it; else ""."""
    holder = await run_in_threadpool(turns.last_holder, turn)
    if holder is None or holder["run_id"] == run.run_id:
        return ""
    path = f"/dags/{quote(holder['dag_id'], safe='')}/dagRuns/{quote(holder['run_id'], safe='')}"
    found = await _get(airflow, path)
    return f"run {holder['run_id']} of {holder['dag_id']}" if found and found["state"] == "running" else ""


async def _xcom(airflow: Airflow, path: str, run: Run, task_id: str, key: str, map_index: int = -1) -> Any:
    found = await _get(
        airflow, f"{_instance(path, run.run_id, task_id)}/xcomEntries/{key}", map_index=map_index
    )
    return found["value"] if found else None


async def _get(airflow: Airflow, path: str, **query: Any) -> Any:
    """As Airflow.get; None for a part of a run that this person may not see."""
    with suppress(Refused):
        return await airflow.get(path, **query)
    return None


def _instance(path: str, run_id: str, task_id: str) -> str:
    return f"{path}/dagRuns/{quote(run_id, safe='')}/taskInstances/{quote(task_id, safe='')}"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
