"""The completeness gate."""

import logging

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from tests.unit.fakes import context, parameters
from vitrine.embed.report_run import ReportRunOperator
from vitrine.errors import IncompleteRunError

CLEAN = {
    "planned": 50,
    "published": 45,
    "quarantined": 3,
    "vanished": 2,
    "pending": 0,
    "ignored": 1,
    "ignored_types": ["text/plain: 1, for example gs://b/a.txt"],
    "duplicates": 0,
    "pending_images": [],
    "attempts": 55,
    "paid": 45,
    "bytes": 5_000,
}
LEFT = {
    **CLEAN,
    "published": 43,
    "pending": 2,
    "pending_images": ["gs://b/1: busy", "gs://b/2: no answer yet"],
}


@pytest.fixture
def gate(bigquery, collection):
    """The gate over a run with a progress."""

    def over(progress: dict) -> ReportRunOperator:
        bigquery.answers["count_progress"] = [progress]
        return ReportRunOperator(
            task_id="report_run",
            collection=collection,
            approval=("review", "approve"),
            checks=["check1", "check2"],
            removal="removal",
            index=("choose", "sensor"),
        )

    return over


@pytest.fixture
def written(bigquery):
    """The report's parameters, but for those that only a run knows."""

    def last() -> dict:
        assert bigquery.statements == ["count_progress", "write_run_report"]
        return {
            name: value for name, value in parameters(bigquery.asked[-1]).items() if "{{" not in str(value)
        }

    return last


def test_a_complete_run_is_reported_and_passes(gate, written, monkeypatch, caplog):
    monkeypatch.setattr(ReportRunOperator, "log", logging.getLogger("report"))
    caplog.set_level("INFO")
    operator, given = gate(CLEAN), context(removal__vanished=4, sensor__vector_index="Ready")
    given["ti"].states = {"check1": "success", "check2": "skipped", "removal": "success", "sensor": "success"}
    figures = operator.execute(given)
    assert figures == {
        "planned": 50,
        "published": 45,
        "quarantined": 3,
        "vanished": 2,
        "pending": 0,
        "deferred": 0,
        "ignored": 1,
        "attempts": 55,
        "bytes": 5_000,
        "cost_usd": 0.0045,
        "removed": 4,
        "passes": 1,
        "outcome": "complete",
        "deferred_reason": "",
        "vector_index": "Ready",
    }
    assert written() == {name: str(value) for name, value in figures.items()} | {"complete": "true"}
    assert "text/plain: 1, for example gs://b/a.txt" in caplog.text


def test_what_a_cap_left_over_is_reported_beside_a_complete_plan(gate, written):
    operator, given = gate(CLEAN), context(review__deferred=7, review__deferred_reason="max_images")
    given["ti"].states = {"review": "success", "check1": "success"}
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
        ({"review__verdict": "stop"}, "dry_run"),
        ({"review__verdict": "ask", "approve__rejected": True}, "rejected"),
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
        "vanished": 0,
        "attempts": 0,
        "paid": 0,
    }
    operator, given = gate(planned), context(review__deferred=7, **xcoms)
    given["ti"].states = {"review": "success", "approve": "success", "check1": "skipped"}
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
    operator, given = gate(LEFT), context(review__verdict="stop")
    given["ti"].states = {"review": "success", "something": "failed"}
    with pytest.raises(IncompleteRunError, match="Failed: something"):
        operator.execute(given)
    assert written()["outcome"] == "incomplete"


@pytest.mark.parametrize(
    ("progress", "states", "words"),
    [
        (LEFT, {"check1": "success"}, "gs://b/2: no answer yet"),
        (CLEAN, {"check1": "success", "sensor": "failed"}, "Failed: sensor"),
        (LEFT, {"pass_1.plan_batches": "failed"}, "(?s)Failed: pass_1.plan_batches.*2 of 50 planned"),
        (CLEAN, {"check1": "skipped"}, "No pass was checked"),
        ({**CLEAN, "duplicates": 2}, {"check1": "success"}, "2 rows .* repeat the uri"),
    ],
)
def test_a_run_that_is_not_complete_is_reported_and_fails(gate, written, progress, states, words):
    operator, given = gate(progress), context(sensor__vector_index="Building: 62 %")
    given["ti"].states = states
    with pytest.raises(IncompleteRunError, match=words):
        operator.execute(given)
    assert written()["complete"] == "false"
    assert written()["vector_index"] == ("Building: 62 %" if "sensor" in states else "unknown")


def test_a_batch_that_failed_and_was_repaired_does_not_count(gate, written):
    operator, given = (
        gate(CLEAN),
        context(choose__vector_index="Too small", sensor__vector_index="earlier"),
    )
    given["ti"].states = {
        "pass_1.embed_batch_0": "failed",
        "check1": "success",
        "check2": "success",
        "choose": "success",
        "sensor": "skipped",
    }
    assert operator.execute(given)["passes"] == 2
    assert written()["vector_index"] == "Too small"
