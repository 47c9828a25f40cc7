"""What all DAGs have in common."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest
import time_machine
from airflow.sdk import DAG, RetryAction
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import DagRunInfo

from vitrine.collection import load
from vitrine.dag_defaults import (
    OWN_ERRORS_ARE_FINAL,
    collections_of,
    refuse_folders_nobody_shares,
    refuse_unknown_params,
    runs_at,
)
from vitrine.errors import IncompleteRunError, InputError, SettingsError
from vitrine.schedule import longest_gap


def test_our_own_verdicts_are_not_tried_again():
    assert OWN_ERRORS_ARE_FINAL.evaluate(IncompleteRunError("left"), 1, 3).action is RetryAction.FAIL
    assert OWN_ERRORS_ARE_FINAL.evaluate(ConnectionError("reset"), 1, 3).action is not RetryAction.FAIL


def first_task(conf: dict | None) -> dict:
    """What the first task of a run with this configuration is given."""
    dag = SimpleNamespace(params={"dry_run": False, "max_images": None})
    return {"dag": dag, "dag_run": SimpleNamespace(conf=conf)}


@pytest.mark.parametrize("conf", [None, {}, {"dry_run": True, "max_images": 5}])
def test_known_params_are_let_through(conf):
    refuse_unknown_params(first_task(conf))


def test_unknown_params_are_refused_with_the_nearest_name():
    conf = {"dryrun": True, "max_image": 1, "zzz": 0, "dry_run": True}
    with pytest.raises(InputError) as refused:
        refuse_unknown_params(first_task(conf))
    assert str(refused.value) == (
        "There is no such Param: dryrun (use dry_run), max_image (use max_images), zzz. "
        "These are there: dry_run, max_images. Nothing was done."
    )


@pytest.mark.parametrize(
    ("executors", "gallery", "refused"),
    [
        ("LocalExecutor", "/pages", False),
        ("CeleryExecutor", "gs://bucket/pages", False),
        ("CeleryExecutor", "/pages", True),
        ("LocalExecutor, KubernetesExecutor", "/pages", True),
        ("airflow.executors.local_executor.LocalExecutor", "/pages", False),
    ],
)
def test_a_folder_for_galleries_is_refused_where_workers_share_none(monkeypatch, executors, gallery, refused):
    monkeypatch.setenv("VITRINE_GALLERY", gallery)
    if not refused:
        refuse_folders_nobody_shares(load(), executors)
        return
    with pytest.raises(SettingsError, match=r"collections.met.gallery='/pages' is a folder.*use a prefix"):
        refuse_folders_nobody_shares(load(), executors)


def test_no_dag_is_built_with_such_a_folder(monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    with pytest.raises(SettingsError, match="CeleryExecutor"):
        list(collections_of("embed_images"))


def as_scheduled(cron: str):
    """A DAG with this schedule as Airflow's scheduler reads it from its database."""
    dag = DAG(dag_id="scheduled", schedule=runs_at(cron), catchup=False)
    return DagSerialization.from_dict(DagSerialization.to_dict(dag))


def at(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "next_run"),
    [
        ("2026-11-27 02:00:00", "2026-11-27 02:00"),
        ("2026-11-27 02:00:59", "2026-11-27 02:00"),  # due, and the DAG is just parsed again
        ("2026-11-27 02:01:01", "2026-11-28 02:00"),
        ("2026-11-27 03:08:00", "2026-11-28 02:00"),  # less late than a tenth of a day
        ("2026-11-27 23:59:59", "2026-11-28 02:00"),
    ],
)
def test_unpausing_does_not_start_the_run_of_the_night_before(now, next_run):
    with time_machine.travel(at(now), tick=False):
        first = as_scheduled("0 2 * * *").next_dagrun_info(last_automated_run_info=None)
    assert first.run_after == at(next_run)


def test_the_run_after_a_run_follows_even_when_airflow_is_late():
    interval = (at("2026-11-25 02:00"), at("2026-11-26 02:00"))
    with time_machine.travel(at("2026-11-27 09:00"), tick=False):
        following = as_scheduled("0 2 * * *").next_dagrun_info(
            last_automated_run_info=DagRunInfo.interval(*interval)
        )
    assert following.run_after == at("2026-11-27 02:00")
    assert (following.data_interval.start, following.data_interval.end) == (
        at("2026-11-26 02:00"),
        at("2026-11-27 02:00"),
    )


@pytest.mark.parametrize(
    ("cron", "gap"),
    [
        ("0 2 * * *", timedelta(days=1)),
        ("0 2 * * 1-5", timedelta(days=3)),
        ("30 4 * * 1,5", timedelta(days=4)),
        ("0 12 * * 0", timedelta(days=7)),
        ("0 2 1 * *", timedelta(days=31)),
        ("0 2 L * *", timedelta(days=31)),
        ("0 2 1-7 * 0", timedelta(days=7)),  # cron's "or"
        ("0 0 1 1 *", timedelta(days=366)),
        ("0 0 29 2 *", timedelta(days=8 * 365 + 1)),  # 2100 is no leap year
        ("@daily", timedelta(days=1)),
        ("*/15 * * * *", timedelta(minutes=15)),
        ("* 8-17 * * 1-5", timedelta(days=3) - timedelta(hours=9, minutes=59)),
        ("0 0,23 * * *", timedelta(hours=23)),
    ],
)
def test_a_data_interval_is_as_long_as_the_longest_gap_between_runs(cron, gap):
    assert longest_gap(cron) == gap


@pytest.mark.parametrize("cron", ["0 2 * * *", "0 2 * * 1-5", "0 2 1 * *", "0 8-17 * * 1-5", "15 1,13 * 2 *"])
def test_the_runs_of_a_backfill_leave_out_no_time(cron):
    runs = list(as_scheduled(cron).iter_dagrun_infos_between(at("2026-01-05"), at("2027-03-05")))
    assert len(runs) > 10
    assert all(run.data_interval.end == run.run_after for run in runs)
    assert all(run.data_interval.start == run.run_after - longest_gap(cron) for run in runs)
    assert all(later.data_interval.start <= earlier.data_interval.end for earlier, later in pairwise(runs))
