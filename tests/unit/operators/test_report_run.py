"""The completeness gate."""

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from tests.unit.fakes import FakeBigQuery, context, parameters
from vitrine.errors import IncompleteRunError
from vitrine.jobs import query_job
from vitrine.operators.report_run import ReportRunOperator

CLEAN = {
    "planned": 50, "published": 45, "quarantined": 3, "vanished": 2, "pending": 0,
    "ignored": 1, "duplicates": 0, "pending_images": [], "attempts": 55, "paid": 45, "bytes": 5_000,
}  # fmt: skip
LEFT = {
    **CLEAN,
    "published": 43,
    "pending": 2,
    "pending_images": ["gs://b/1: busy", "gs://b/2: no answer yet"],
}


def gate(progress: dict) -> ReportRunOperator:
    """The gate over a run with this progress."""
    return ReportRunOperator(
        task_id="report_run",
        count=query_job("count"),
        write=query_job("write"),
        image_usd=0.0001,
        approval=("review", "approve"),
        checks=["check1", "check2"],
        removal="removal",
        index=("choose", "sensor"),
        bigquery=FakeBigQuery(count=[progress]),
    )


def written(operator: ReportRunOperator) -> dict:
    """The report's parameters."""
    return parameters(operator.bigquery.asked[-1])


def test_a_complete_run_is_reported_and_passes():
    operator, given = gate(CLEAN), context(removal__vanished=4, sensor__vector_index="Ready")
    given["ti"].states = {"check1": "success", "check2": "skipped", "removal": "success", "sensor": "success"}
    figures = operator.execute(given)
    assert figures == {
        "planned": 50, "published": 45, "quarantined": 3, "vanished": 2, "pending": 0, "deferred": 0,
        "ignored": 1, "attempts": 55, "bytes": 5_000, "cost_usd": 0.0045, "removed": 4, "passes": 1,
        "outcome": "complete", "deferred_reason": "", "vector_index": "Ready",
    }  # fmt: skip
    assert written(operator) == {name: str(value) for name, value in figures.items()} | {"complete": "True"}


def test_what_a_cap_left_over_is_reported_beside_a_complete_plan():
    operator, given = gate(CLEAN), context(review__deferred=7, review__deferred_reason="max_images")
    given["ti"].states = {"review": "success", "check1": "success"}
    operator.execute(given)
    assert written(operator).items() >= {
        "deferred": "7", "deferred_reason": "max_images", "outcome": "deferred", "complete": "True",
    }.items()  # fmt: skip


@pytest.mark.parametrize(
    ("xcoms", "outcome"),
    [
        ({"review__verdict": "stop"}, "dry_run"),
        ({"review__verdict": "ask", "approve__rejected": True}, "rejected"),
    ],
)
def test_a_stopped_run_defers_what_it_planned_and_ends_well_but_never_looks_complete(xcoms, outcome):
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
    assert written(operator).items() >= {
        "planned": "0", "pending": "0", "deferred": "9", "deferred_reason": outcome, "outcome": outcome,
        "cost_usd": "0.0", "complete": "False",
    }.items()  # fmt: skip


def test_a_stopped_run_with_a_task_that_failed_fails():
    operator, given = gate(LEFT), context(review__verdict="stop")
    given["ti"].states = {"review": "success", "something": "failed"}
    with pytest.raises(IncompleteRunError, match="Failed: something"):
        operator.execute(given)
    assert written(operator)["outcome"] == "incomplete"


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
def test_a_run_that_is_not_complete_is_reported_and_fails(progress, states, words):
    operator, given = gate(progress), context(sensor__vector_index="Building: 62 %")
    given["ti"].states = states
    with pytest.raises(IncompleteRunError, match=words):
        operator.execute(given)
    assert written(operator)["complete"] == "False"
    assert written(operator)["vector_index"] == ("Building: 62 %" if "sensor" in states else "unknown")


def test_a_batch_that_failed_and_was_repaired_does_not_count():
    operator, given = (
        gate(CLEAN),
        context(choose__vector_index="Too small", sensor__vector_index="earlier"),
    )
    given["ti"].states = {"pass_1.embed_batch_0": "failed", "check1": "success", "check2": "success",
                          "choose": "success", "sensor": "skipped"}  # fmt: skip
    assert operator.execute(given)["passes"] == 2
    assert written(operator)["vector_index"] == "Too small"
