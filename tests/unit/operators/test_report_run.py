"""The completeness gate."""

import pytest

from tests.unit.fakes import FakeBigQuery, context, parameters
from vitrine.errors import IncompleteRunError
from vitrine.jobs import query_job
from vitrine.operators.report_run import ReportRunOperator

CLEAN = {"planned": 50, "published": 45, "quarantined": 3, "vanished": 2, "pending": 0, "pending_images": []}
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
        checks=["check1", "check2"],
        removal="removal",
        index=("choose", "sensor"),
        bigquery=FakeBigQuery(count=[progress]),
    )


def written(operator: ReportRunOperator) -> dict:
    """The report's parameters."""
    return parameters(operator.bigquery.asked[-1])


def test_a_complete_run_is_reported_and_passes():
    operator = gate(CLEAN)
    figures = operator.execute(context(check1__pending=0, removal__vanished=4, sensor__return_value="Ready"))
    assert figures == {
        "planned": 50, "published": 45, "quarantined": 3, "vanished": 2, "pending": 0,
        "removed": 4, "passes": 1,
    }  # fmt: skip
    assert written(operator) == {name: str(value) for name, value in figures.items()} | {
        "complete": "true", "vector_index": "Ready",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("progress", "xcoms", "states", "words"),
    [
        (LEFT, {"check1__pending": 9, "check2__pending": 2}, {}, "gs://b/2: no answer yet"),
        (CLEAN, {"check1__pending": 0}, {"wait_for_vector_index": "failed"}, "Failed: wait_for_vector_index"),
        (LEFT, {}, {"pass_1.plan_batches": "failed"}, "(?s)Failed: pass_1.plan_batches.*2 of 50 planned"),
        (CLEAN, {"sensor__return_value": "Ready"}, {}, "No pass was checked"),
    ],
)
def test_a_run_that_is_not_complete_is_reported_and_fails(progress, xcoms, states, words):
    operator, given = gate(progress), context(**xcoms)
    given["ti"].states = states
    with pytest.raises(IncompleteRunError, match=words):
        operator.execute(given)
    assert written(operator)["complete"] == "false"


def test_a_batch_that_failed_and_was_repaired_does_not_count():
    operator, given = (
        gate(CLEAN),
        context(check1__pending=9, check2__pending=0, choose__vector_index="Too small"),
    )
    given["ti"].states = {"pass_1.embed_batch_0": "failed", "report_run": "running"}
    assert operator.execute(given)["passes"] == 2
    assert written(operator)["vector_index"] == "Too small"
