"""What the BigQuery jobs of a run have cost, by the kind of task that sent them. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TypedDict

from vitrine.google.bigquery import JobFigures
from vitrine.google.jobs import label


class Stage(TypedDict):
    """The jobs of all tasks of one kind, e.g. embed_batch of all passes."""

    stage: str
    jobs: int
    bytes_billed: int
    calls: int  # of the model
    calls_in_vain: int  # paid for, and their vectors are not searchable
    seconds: float  # during which at least one of the jobs was running


def kind(task_id: str) -> str:
    """The kind of a task, whatever its group and pass.

    >>> kind("repair.check_status_2")
    'check_status'
    """
    return task_id.rpartition(".")[2].rstrip("_0123456789")


def by_kind(
    jobs: Iterable[JobFigures], task_ids: Iterable[str], *, calls: int, in_vain: int, asked_again: int
) -> list[Stage]:
    """The jobs of a run, added up by kind of task, in the order of `task_ids`.

    :param calls: all calls of the model.
    :param in_vain: of these, the ones that were paid for and whose vectors are not searchable.
    :param asked_again: of all calls, those of checks for an image that had been embedded before.
    """
    kinds = {label(task_id): kind(task_id) for task_id in task_ids}
    times: dict[str, list[tuple[datetime, datetime]]] = {}
    stages = {name: _empty(name) for name in [*kinds.values(), "check_status", "embed_batch"]}
    for job in jobs:
        # A task may be gone since the run began: max_passes was lowered.
        name = kinds.get(job.task, "other")
        stage = stages.setdefault(name, _empty(name))
        stage["jobs"] += 1
        stage["bytes_billed"] += job.bytes_billed
        if job.started and job.ended:
            times.setdefault(name, []).append((job.started, job.ended))
    asked, embedded = stages["check_status"], stages["embed_batch"]
    asked["calls"], embedded["calls"] = asked_again, calls - asked_again
    asked["calls_in_vain"] = min(in_vain, asked_again)
    embedded["calls_in_vain"] = in_vain - asked["calls_in_vain"]
    for name, spans in times.items():
        stages[name]["seconds"] = round(sum(_lengths(spans)), 3)
    return [stage for stage in stages.values() if stage["jobs"]]


def _empty(name: str) -> Stage:
    return Stage(stage=name, jobs=0, bytes_billed=0, calls=0, calls_in_vain=0, seconds=0.0)


def _lengths(spans: Iterable[tuple[datetime, datetime]]) -> Iterator[float]:
    """Seconds that each span adds to those that began before it."""
    covered: datetime | None = None
    for start, end in sorted(spans):
        begin = max(start, covered) if covered else start
        if end > begin:
            yield (end - begin).total_seconds()
            covered = end
