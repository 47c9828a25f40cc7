"""What the report of a run says."""

import pytest

from vitrine.embed import reports
from vitrine.embed.reports import Outcome


@pytest.mark.parametrize(
    ("planned", "deferred", "stopped", "problem", "outcome", "complete"),
    [
        (50, 0, None, None, Outcome.COMPLETE, True),
        (0, 0, None, None, Outcome.NOTHING_PENDING, True),
        (50, 7, None, None, Outcome.DEFERRED, True),
        (0, 7, None, None, Outcome.DEFERRED, True),  # the month's budget is spent
        (0, 7, Outcome.REJECTED, None, Outcome.REJECTED, False),
        (0, 7, Outcome.DRY_RUN, "a task failed", Outcome.INCOMPLETE, False),
        (50, 0, None, "images are left", Outcome.INCOMPLETE, False),
    ],
)  # fmt: skip
def test_how_a_run_ended(planned, deferred, stopped, problem, outcome, complete):
    ended = reports.outcome({"planned": planned, "deferred": deferred}, stopped, problem)
    assert (ended, ended.complete) == (outcome, complete)


def test_the_summary_is_a_table():
    assert reports.as_text({"planned": 1200, "cost_usd": 0.12, "outcome": "complete"}).splitlines() == [
        "planned   1,200",
        "cost_usd   0.12",
        "outcome   complete",
    ]
