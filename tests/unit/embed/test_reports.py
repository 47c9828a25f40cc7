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
)
def test_how_a_run_ended(planned, deferred, stopped, problem, outcome, complete):
    ended = reports.outcome({"planned": planned, "deferred": deferred}, stopped, problem)
    assert (ended, ended.complete) == (outcome, complete)


def test_the_summary_is_a_table():
    assert reports.as_text({"planned": 1200, "cost_usd": 0.12, "outcome": "complete"}).splitlines() == [
        "planned   1,200",
        "cost_usd   0.12",
        "outcome   complete",
    ]


PROGRESS = {
    "planned": 50,
    "pending": 2,
    "duplicates": 0,
    "failures": [
        {"place": "pending", "status": "busy", "images": 2, "examples": ["gs://b/1", "gs://b/2"]},
        {"place": "quarantined", "status": "broken", "images": 9, "examples": ["gs://b/3"]},
    ],
}


def why(progress: dict = PROGRESS, **reasons) -> str | None:
    """Why a run is incomplete."""
    return reports.why_incomplete(progress, **({"broken": None, "gave_up": None, "failed": []} | reasons))


def test_a_run_without_a_reason_is_complete():
    assert why(PROGRESS | {"pending": 0}) is None


def test_the_cause_comes_first():
    text = why(broken="PERMISSION_DENIED: broken.", gave_up="Stop: 2 images left.", failed=["sync"])
    cause, left, busy, example, failed = text.splitlines()
    assert cause == "PERMISSION_DENIED: broken."
    assert left.startswith("2 of 50 planned images are neither")
    assert left.endswith("Stop: 2 images left.")
    assert (busy, example) == ("  2 x busy", "    for example gs://b/1, gs://b/2")
    assert failed.startswith("Failed: sync.")


def test_images_are_listed_by_what_became_of_them():
    assert reports.failures(PROGRESS, "quarantined") == ["  9 x broken\n    for example gs://b/3"]


@pytest.mark.parametrize(
    ("outcome", "reason", "said"),
    [
        (Outcome.INCOMPLETE, "The cause.\nMore.", "INCOMPLETE: The cause."),
        (Outcome.NOTHING_PENDING, None, "Nothing was pending."),
        (Outcome.DRY_RUN, None, "Stopped before it cost anything (dry_run): 1,200 images are left."),
        (Outcome.REJECTED, None, "Stopped before it cost anything (rejected): 1,200 images are left."),
        (
            Outcome.DEFERRED,
            None,
            "Complete: 45 of 50 images published, 5 quarantined, 1,200 left to later runs by max_images.",
        ),
    ],
)
def test_the_verdict_is_one_sentence(outcome, reason, said):
    figures = {
        "planned": 50,
        "published": 45,
        "quarantined": 5,
        "changed": 0,
        "vanished": 0,
        "deferred": 1_200,
        "deferred_reason": "max_images",
    }
    assert reports.verdict(figures, outcome, reason) == said


def test_a_stopped_run_leaves_what_it_planned_to_later_runs():
    stopped = reports.without_the_stopped({"planned": 9, "pending": 7, "deferred": 3, "published": 2})
    assert stopped == {"planned": 2, "pending": 0, "deferred": 10, "published": 2}
