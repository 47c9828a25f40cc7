"""The figures of a collection as gauges of Airflow's own metrics, for OpenTelemetry or StatsD.

Each has the tags `collection` and `model`. Nothing is sent unless Airflow's [metrics] settings say where to.
https://airflow.apache.org/docs/apache-airflow/stable/administration-and-deployment/logging-monitoring/metrics.html
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from airflow.sdk.observability import stats

from vitrine.collection import Collection

# Of a run's report: what became of images.
OUTCOMES: Final = (
    "planned",
    "published",
    "quarantined",
    "changed",
    "vanished",
    "pending",
    "deferred",
    "removed",
    "ignored",
)
# Of a run's report: what it has cost.
COSTS: Final = ("attempts", "calls_in_vain", "cost_usd", "jobs", "bytes_billed")


def gauge(collection: Collection, name: str, value: float | None, **tags: str) -> None:
    """Set the gauge `vitrine.<name>` of a collection; None, which is not known, leaves it as it is."""
    if value is not None:
        tags |= {"collection": collection.name, "model": collection.model_name}
        stats.gauge(f"vitrine.{name}", value, tags=tags)


def of_index(name: str, coverage: int | None, labels: Mapping[str, str]) -> None:
    """The coverage in percent of a vector index, whoever made it; `labels` are those of its jobs."""
    if coverage is not None:
        own = {tag: labels[f"vitrine_{tag}"] for tag in ("collection", "model") if f"vitrine_{tag}" in labels}
        stats.gauge("vitrine.index.coverage", coverage, tags=own | {"index": name})


def of_run(
    collection: Collection, report: Mapping[str, Any], stages: Iterable[Mapping[str, Any]], *, complete: bool
) -> None:
    """What the report of a run says; `stages` as in vitrine.embed.stages."""
    gauge(collection, "run.complete", int(complete))
    if complete:
        gauge(collection, "run.completed_at", time.time())
    for outcome in OUTCOMES:
        gauge(collection, "run.images", report[outcome], outcome=outcome)
    for name in COSTS:
        gauge(collection, f"run.{name}", report[name])
    for stage in stages:
        gauge(collection, "run.seconds", stage["seconds"], stage=stage["stage"])


def of_backlog(collection: Collection, progress: Mapping[str, Any]) -> None:
    """What is still to be done: the images that are neither searchable nor in quarantine, and the age of the
    oldest in seconds."""
    gauge(collection, "backlog.images", progress["backlog"])
    gauge(collection, "backlog.age", progress["backlog_seconds"])
