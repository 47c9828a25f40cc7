"""The completeness gate."""

import json
import logging
import re

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowSkipException

from tests.unit.fakes import context, parameters
from vitrine import metrics
from vitrine.embed.report_run import ReportRunOperator
from vitrine.errors import IncompleteRunError
from vitrine.google.bigquery import JobFigures
from vitrine.google.jobs import label

pytestmark = pytest.mark.usefixtures("own_turn")

CLEAN = {
    "planned": 50,
    "published": 45,
    "quarantined": 2,
    "changed": 1,
    "vanished": 2,
    "pending": 0,
    "ignored": 1,
    "ignored_types": ["text/plain: 1, for example gs://b/a.txt"],
    "duplicates": 0,
    "failures": [{"place": "quarantined", "status": "broken", "images": 2, "examples": ["gs://b/x"]}],
    "attempts": 55,
    "calls_in_vain": 4,
    "asked_again": 1,
    "paid": 45,
    "backlog": 7,
    "backlog_seconds": 3_600,
    "bytes": 5_000,
}
LEFT = {
    **CLEAN,
    "published": 43,
    "pending": 2,
    "failures": [
        {"place": "pending", "status": "busy", "images": 1, "examples": ["gs://b/1"]},
        {"place": "pending", "status": "no answer yet", "images": 1, "examples": ["gs://b/2"]},
    ],
}


@pytest.fixture
def gate(bigquery, collection):
    """The gate over a run with a progress."""

    def over(progress: dict) -> ReportRunOperator:
        bigquery.answers["count_progress"] = [progress]
        with DAG("a_dag", schedule=None):
            operator = ReportRunOperator(
                task_id="report_run",
                collection=collection,
                approval=("plan", "approve"),
                checks=["check1", "check2"],
                sync="sync",
                index=("create", "sensor"),
                duplicates="duplicates",
            )
            EmptyOperator(task_id="pass_1.embed_batch") >> operator
        return operator

    return over


@pytest.fixture
def written(bigquery):
    """The report's parameters, but for those that only a run knows."""

    def last() -> dict:
        assert bigquery.statements == ["count_progress", "write_run_report"]
        return {
            name: value
            for name, value in parameters(bigquery.asked[-1]).items()
            if "{{" not in str(value) and name not in ("lease_id", "stages", "failures")
        }

    return last


@pytest.fixture
def gauges(monkeypatch) -> dict[str, float]:
    """The gauges that the report sets, by name."""
    found: dict[str, float] = {}
    monkeypatch.setattr(metrics, "gauge", lambda _, name, value, **tags: found.update({name: value}))
    return found


@pytest.fixture
def log(monkeypatch, caplog) -> pytest.LogCaptureFixture:
    """What the report logs."""
    monkeypatch.setattr(ReportRunOperator, "log", logging.getLogger("report"))
    caplog.set_level("INFO")
    return caplog


def test_a_complete_run_is_reported_and_passes(gate, written, bigquery, log, gauges):
    operator, given = gate(CLEAN), context(sync__removed=4, sensor__vector_index="Ready")
    given["ti"].states = {"check1": "success", "check2": "skipped", "sync": "success", "sensor": "success"}
    bigquery.jobs = [
        JobFigures(label("pass_1.embed_batch"), bytes_billed=size, failed=False) for size in (7, 8)
    ]
    figures = operator.execute(given)
    assert figures == {
        "planned": 50,
        "published": 45,
        "quarantined": 2,
        "changed": 1,
        "vanished": 2,
        "pending": 0,
        "deferred": 0,
        "ignored": 1,
        "attempts": 55,
        "calls_in_vain": 4,
        "bytes": 5_000,
        "cost_usd": 0.0045,
        "removed": 4,
        "passes": 1,
        "jobs": 2,
        "bytes_billed": 15,
        "outcome": "complete",
        "deferred_reason": "",
        "vector_index": "Ready",
    }
    assert written() == {name: str(value) for name, value in figures.items()} | {
        "complete": "true",
        "reason": "",
    }
    sent = parameters(bigquery.asked[-1])
    [stage] = json.loads(sent["stages"])
    assert stage == {
        "stage": "embed_batch",
        "jobs": 2,
        "bytes_billed": 15,
        "calls": 54,
        "calls_in_vain": 3,
        "seconds": 0.0,
    }
    assert {
        "run.complete": 1,
        "run.attempts": 55,
        "backlog.images": 7,
        "backlog.age": 3_600,
    }.items() <= gauges.items()
    assert sent["lease_id"] == "ours", "the report frees it"
    assert "text/plain: 1, for example gs://b/a.txt" in log.text
    assert "2 x broken\n    for example gs://b/x" in log.text
    assert log.messages[-1] == (
        "Complete: 45 of 50 images published, 2 quarantined, 1 changed while they were embedded, "
        "2 gone from the bucket."
    )


def test_what_the_brake_has_released_comes_first(gate, log):
    operator, given = gate(CLEAN), context(check1__released="20 of 50 answers were terminal.")
    given["ti"].states = {"check1": "success"}
    operator.execute(given)
    note = log.messages.index("20 of 50 answers were terminal.")
    assert "planned" not in "".join(log.messages[:note])


def test_a_broken_model_is_the_cause_of_an_incomplete_run(gate, log):
    operator, given = gate(LEFT), context(check1__broken="PERMISSION_DENIED: the model is broken.")
    given["ti"].states = {"check1": "failed"}
    with pytest.raises(IncompleteRunError) as failed:
        operator.execute(given)
    assert str(failed.value).startswith("PERMISSION_DENIED")
    assert log.messages[-1] == "INCOMPLETE: PERMISSION_DENIED: the model is broken."


def test_the_failures_are_written_by_status_without_their_examples(gate, bigquery):
    operator, given = gate(LEFT), context()
    given["ti"].states = {"check1": "success"}
    with pytest.raises(IncompleteRunError):
        operator.execute(given)
    assert json.loads(parameters(bigquery.asked[-1])["failures"]) == [
        {"place": "pending", "status": "busy", "images": 1},
        {"place": "pending", "status": "no answer yet", "images": 1},
    ]


def test_what_is_left_of_an_earlier_try_is_not_reported(gate, written):
    operator, given = gate(CLEAN), context(sync__removed=4, check1__released="an old note")
    given["ti"].states = {"sync": "upstream_failed", "check1": "success"}
    operator.execute(given)
    assert written()["removed"] == "0"


def test_what_a_cap_left_over_is_reported_beside_a_complete_plan(gate, written):
    operator, given = gate(CLEAN), context(plan__deferred=7, plan__deferred_reason="max_images")
    given["ti"].states = {"plan": "success", "check1": "success"}
    operator.execute(given)
    assert (
        written().items()
        >= {
            "deferred": "7",
            "deferred_reason": "max_images",
            "outcome": "deferred",
            "complete": "true",
        }.items()
    )


@pytest.mark.parametrize(
    ("xcoms", "outcome"),
    [
        ({"plan__verdict": "stop"}, "dry_run"),
        ({"plan__verdict": "ask", "approve__rejected": True}, "rejected"),
    ],
)
def test_a_stopped_run_defers_what_it_planned_and_ends_well_but_never_looks_complete(
    gate, written, xcoms, outcome
):
    planned = {
        **LEFT,
        "planned": 2,
        "published": 0,
        "quarantined": 0,
        "changed": 0,
        "vanished": 0,
        "attempts": 0,
        "paid": 0,
    }
    operator, given = gate(planned), context(plan__deferred=7, **xcoms)
    given["ti"].states = {"plan": "success", "approve": "success", "check1": "skipped"}
    with pytest.raises(AirflowSkipException, match=outcome):
        operator.execute(given)
    assert (
        written().items()
        >= {
            "planned": "0",
            "pending": "0",
            "deferred": "9",
            "deferred_reason": outcome,
            "outcome": outcome,
            "cost_usd": "0.0",
            "complete": "false",
        }.items()
    )


def test_a_stopped_run_with_a_task_that_failed_fails(gate, written):
    operator, given = gate(LEFT), context(plan__verdict="stop")
    given["ti"].states = {"plan": "success", "something": "failed"}
    with pytest.raises(IncompleteRunError, match="Failed: something"):
        operator.execute(given)
    assert written()["outcome"] == "incomplete"


@pytest.mark.parametrize(
    ("progress", "states", "words"),
    [
        (LEFT, {"check1": "success"}, "(?s)2 of 50 planned.*no answer yet\n    for example gs://b/2"),
        (CLEAN, {"check1": "success", "sensor": "failed"}, "Failed: sensor"),
        (LEFT, {"plan.plan_batches": "failed"}, "(?s)2 of 50 planned.*Failed: plan.plan_batches"),
        (CLEAN, {"pass_1.settle_batch": "failed"}, "Failed: pass_1.settle_batch"),
        ({**CLEAN, "duplicates": 2}, {"check1": "success"}, "2 rows .* repeat the uri"),
    ],
)
def test_a_run_that_is_not_complete_is_reported_and_fails(gate, written, progress, states, words):
    operator, given = gate(progress), context(sensor__vector_index="Building: 62 %")
    given["ti"].states = states
    with pytest.raises(IncompleteRunError, match=words):
        operator.execute(given)
    assert written()["complete"] == "false"
    assert re.search(words.removeprefix("(?s)").partition(".*")[0], written()["reason"])
    assert written()["vector_index"] == ("Building: 62 %" if "sensor" in states else "unknown")


def test_a_batch_that_failed_and_was_repaired_does_not_count(gate, written):
    operator, given = (
        gate(CLEAN),
        context(create__vector_index="Too small", sensor__vector_index="earlier"),
    )
    given["ti"].states = {
        "pass_1.embed_batch_0": "failed",
        "repair.pass_2.embed_batch_0": "failed",
        "check1": "success",
        "check2": "success",
        "create": "success",
        "sensor": "skipped",
    }
    assert operator.execute(given)["passes"] == 2
    assert written()["vector_index"] == "Too small"


def test_a_failed_search_for_duplicates_is_a_warning_and_the_run_is_complete(gate, log, bigquery):
    operator, given = gate(CLEAN), context()
    given["ti"].states = {"check1": "success", "sync": "success", "duplicates": "failed"}
    assert operator.execute(given)["outcome"] == "complete"
    assert "duplicates failed: near-duplicates of the new images are not known yet." in log.text
