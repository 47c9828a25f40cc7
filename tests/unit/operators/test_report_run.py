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
        index_tasks=("choose", "sensor"),
        bigquery=FakeBigQuery(count=[progress]),
    )


def written(operator: ReportRunOperator) -> dict:
    """The report's parameters."""
    return parameters(operator.bigquery.asked[-1])


def test_a_complete_run_is_reported_and_passes():
    operator = gate(CLEAN)
    figures = operator.execute(context(check1__pending=0, sensor__return_value="Ready"))
    assert figures == {
        name: CLEAN[name] for name in ("planned", "published", "quarantined", "vanished", "pending")
    }
    assert written(operator) == {
        **{name: str(value) for name, value in figures.items()},
        "passes": "1", "complete": "true", "vector_index": "Ready",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("progress", "xcoms", "words"),
    [
        (
            LEFT,
            {"check1__pending": 9, "check2__pending": 2, "choose__vector_index": "Too small"},
            "gs://b/2: no answer yet",
        ),
        (CLEAN, {"check1__pending": 0}, "vector index stage did not end"),
        (CLEAN, {"sensor__return_value": "Ready"}, "No pass was checked"),
    ],
)
def test_a_run_that_is_not_complete_is_reported_and_fails(progress, xcoms, words):
    operator = gate(progress)
    with pytest.raises(IncompleteRunError, match=words):
        operator.execute(context(**xcoms))
    assert written(operator)["complete"] == "false"
