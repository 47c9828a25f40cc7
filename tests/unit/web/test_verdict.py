"""The first line of the health page, for each state of a collection."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vitrine.web.verdict import (
    Dag,
    Failure,
    Progress,
    Report,
    Run,
    Situation,
    State,
    Task,
    Tone,
    verdict,
)

NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
NIGHT = NOW.replace(hour=2)
TONIGHT = NIGHT + timedelta(days=1)
BUSY = "A retryable error occurred: RESOURCE_EXHAUSTED error from remote service/endpoint."
BUSY_TOO = "A retryable error occurred: RESOURCE EXHAUSTED error from <remote endpoint>"
INTERNAL = "A retryable error occurred: INTERNAL: try again."
GOOD = Report("r1", NIGHT, "complete", complete=True, published=500, cost_usd=0.05)
BAD = Report("r1", NIGHT, "incomplete", complete=False, pending=31, failures=(Failure("pending", BUSY, 31),))
EARLIER = Report("r0", NIGHT - timedelta(days=1), "nothing_pending", complete=True)
DONE = Run("r1", "success", NIGHT)
FAILED = Run("r1", "failed", NIGHT, tasks=(Task("report_run", "failed", try_number=3),))
NOTHING = Situation(
    now=NOW,
    dag=Dag("embed_images__met", next_run=TONIGHT),
    reports=(),
    image_usd=0.0001,
    gap=timedelta(days=1),
)


def after(run, report, **changed):
    """The situation after a run and its report, and one complete run before."""
    return replace(NOTHING, runs=(run,), reports=(report, EARLIER), **changed)


def during(*tasks, **more):
    """The situation while tasks of tonight's run are under way, after a good night."""
    run = Run("r2", "running", NOW - timedelta(minutes=20), tasks=tasks, **more)
    return replace(NOTHING, runs=(run, DONE), reports=(GOOD,))


def first(situation):
    """State and words of the first line."""
    said = verdict(situation)
    return said.state, said.lines[0].words


def test_a_good_night():
    assert first(after(DONE, GOOD)) == (
        State.COMPLETE,
        "Last night 02:00 UTC: complete. 500 images published for $0.05. Next run tonight 02:00 UTC.",
    )
    assert verdict(after(DONE, GOOD)).tone is Tone.GOOD
    assert len(verdict(after(DONE, GOOD)).lines) == 1, "nothing else is to be known"


def test_a_night_with_nothing_new():
    report = replace(GOOD, outcome="nothing_pending", published=0)
    assert first(after(DONE, report))[1] == ("Last night 02:00 UTC: nothing new. Next run tonight 02:00 UTC.")


def test_images_left_by_a_quota_are_tried_again_and_the_log_is_one_click_away():
    said = verdict(after(FAILED, BAD))
    assert (said.state, said.tone) == (State.FAILED, Tone.BAD)
    line, age = said.lines
    assert line.words == (
        "Last night 02:00 UTC: failed. 31 images left, all RESOURCE_EXHAUSTED. Tried again tonight 02:00 UTC."
    )
    assert (line.link.to, line.link.run_id, line.link.task) == ("log", "r1", FAILED.tasks[0])
    assert age.words == "The last complete run was 37 h ago."


def test_reasons_are_grouped_by_status_however_they_are_spelt():
    failures = (
        Failure("pending", BUSY, 20),
        Failure("pending", BUSY_TOO, 8),
        Failure("pending", INTERNAL, 3),
    )
    assert (
        "31 images left: 28 RESOURCE_EXHAUSTED, 3 INTERNAL."
        in first(after(FAILED, replace(BAD, failures=failures)))[1]
    )
    many = tuple(Failure("pending", f"S{number}: x", 10 - number) for number in range(5))
    assert "10 S0, 9 S1, 8 S2, 13 others." in first(after(FAILED, replace(BAD, failures=many)))[1]


def test_a_report_of_an_earlier_version_has_no_reasons():
    assert first(after(FAILED, replace(BAD, failures=())))[1] == (
        "Last night 02:00 UTC: failed. 31 images left. Read why. Next run tonight 02:00 UTC."
    )


def test_a_task_that_failed_is_named_and_its_log_is_the_link():
    check = Task("repair.check_status_1", "failed", try_number=1)
    run = replace(FAILED, tasks=(Task("pass_1.embed_batch", "failed", 3), check, *FAILED.tasks))
    report = replace(BAD, reason="PERMISSION_DENIED: 31 of 50 answers of this pass were terminal.")
    line, reason, _ = verdict(after(run, report)).lines
    assert line.words.startswith("Last night 02:00 UTC: failed in repair.check_status_1. 31 images left,")
    assert "Read why, and clear what failed. Next run tonight 02:00 UTC." in line.words
    assert line.link.task == check
    assert reason.words == report.reason


def test_what_only_the_names_of_tasks_say_is_not_said_twice():
    run = replace(FAILED, tasks=(Task("sync_bucket", "failed"), *FAILED.tasks))
    report = replace(BAD, pending=0, failures=(), reason="Failed: sync_bucket. See their logs.")
    words = [line.words for line in verdict(after(run, report)).lines]
    assert words[0] == (
        "Last night 02:00 UTC: failed in sync_bucket. Read why, and clear what failed. "
        "Next run tonight 02:00 UTC."
    )
    assert "See their logs" not in " ".join(words)


def test_a_run_that_could_not_even_report():
    situation = replace(NOTHING, runs=(replace(FAILED, tasks=(Task("take_turn", "failed"),)),))
    assert first(situation)[1].startswith("Last night 02:00 UTC: failed in take_turn. It wrote no report.")


def test_images_that_were_set_aside_are_a_line_of_their_own():
    failures = (Failure("quarantined", "INVALID_ARGUMENT: it is broken.", 3),)
    _, aside = verdict(after(DONE, replace(GOOD, quarantined=3, failures=failures))).lines
    assert aside.words == "3 images set aside, all INVALID_ARGUMENT."
    assert aside.link.to == "quarantine"


def test_a_budget_that_is_spent():
    report = replace(GOOD, outcome="deferred", deferred=200, deferred_reason="monthly_budget")
    state, words = first(after(DONE, report))
    assert state is State.DEFERRED
    assert "500 images published for $0.05. 200 left to later runs by the monthly budget." in words


def test_nobody_has_approved():
    report = replace(GOOD, outcome="rejected", complete=False, published=0, deferred=13_000)
    assert first(after(DONE, report)) == (
        State.REJECTED,
        "Last night 02:00 UTC: not approved, so nothing was embedded. 13,000 images are left. "
        "Next run tonight 02:00 UTC.",
    )


def test_a_dry_run_is_no_night():
    dry = replace(GOOD, run_id="r2", at=NOW, outcome="dry_run", complete=False)
    runs = (Run("r2", "success", NOW, scheduled=False), DONE)
    situation = replace(NOTHING, runs=runs, reports=(dry, GOOD))
    assert first(situation)[1].startswith("Last night 02:00 UTC: complete.")
    assert verdict(replace(situation, runs=runs[:1], reports=(dry,))).state is State.NEVER_RUN


def test_a_run_that_airflow_has_forgotten_is_still_reported():
    assert first(replace(NOTHING, reports=(GOOD,)))[1].startswith("Today 02:00 UTC: complete.")


@pytest.mark.parametrize(
    ("tasks", "stage"),
    [
        ((Task("take_turn"),), "taking its turn"),
        ((Task("plan.plan_batches", "deferred"),), "planning"),
        ((Task("pass_1.embed_batch", "deferred", 0), Task("pass_1.settle_batch", "queued", 0)), "embedding"),
        ((Task("repair.check_status_1", "deferred"),), "a pause before what is left is tried again"),
        ((Task("repair.plan_batches_2"),), "planning again, pass 2"),
        ((Task("pass_2.embed_batch", "deferred", 0),), "embedding again, pass 2"),
        ((Task("vector_index.wait_for_vector_index", "deferred"),), "filling the index"),
        ((), "between two tasks"),
    ],
)
def test_a_run_says_its_stage(tasks, stage):
    state, words = first(during(*tasks))
    assert (state, words) == (State.RUNNING, f"Running since today 14:40 UTC: {stage}.")


def test_a_run_says_what_is_done_left_and_paid_and_the_night_before_follows():
    said = verdict(during(Task("pass_1.embed_batch", "deferred"), progress=Progress(5_000, 7_000, 12)))
    assert said.is_live
    assert said.lines[0].words == (
        "Running since today 14:40 UTC: embedding. 5,000 of 12,000 images asked for, about 12 min to go; "
        "at most $0.50 so far."
    )
    assert said.lines[1].words.startswith("Last night 02:00 UTC: complete.")


def test_a_queued_run():
    run = Run("r2", "queued", NOW)
    assert first(replace(NOTHING, runs=(run,)))[1] == "Queued since today 15:00 UTC."


def test_a_run_that_waits_for_approval_says_what_for():
    asked = Task("plan.approve_cost", "awaiting_input")
    said = verdict(during(asked, question="Embed 13,000 images for about $1.30? The limit is $1.00."))
    assert (said.state, said.tone) == (State.APPROVAL, Tone.WARN)
    assert said.lines[0].words == (
        "Waiting for approval since today 14:40 UTC. Embed 13,000 images for about $1.30? The limit is $1.00."
    )
    assert (said.lines[0].link.to, said.lines[0].link.task) == ("question", asked)


@pytest.mark.parametrize(
    ("task", "holder", "words"),
    [
        ("take_turn", "Run r9 of embed_images__met", "its turn since today 14:40 UTC, for Run r9 of"),
        ("plan.take_quota", "Run r9 of embed_images__other", "its turn at the model since today"),
        ("take_turn", "", "(its log says for whom)"),
    ],
)
def test_a_run_that_waits_for_its_turn_says_for_whom(task, holder, words):
    said = verdict(during(Task(task, "up_for_reschedule"), waits_for=holder))
    assert said.state is State.TURN
    assert words in said.lines[0].words
    assert said.lines[0].words.endswith("It goes on by itself.")


def test_paused_and_the_last_night_was_good():
    said = verdict(after(DONE, GOOD, dag=Dag("d", is_paused=True)))
    assert (said.state, said.lines[0].link.to) == (State.PAUSED, "dag")
    assert said.lines[1].words == "Last night 02:00 UTC: complete. 500 images published for $0.05."


def test_paused_and_images_are_left():
    said = verdict(after(FAILED, BAD, dag=Dag("d", is_paused=True)))
    assert "Not tried again while the DAG is paused." in said.lines[1].words


def test_paused_in_the_middle_of_a_run():
    said = verdict(replace(during(Task("take_turn")), dag=Dag("d", is_paused=True)))
    assert said.state is State.PAUSED
    assert "waits until the DAG is unpaused" in said.lines[0].words


def test_a_run_that_has_not_begun_is_late():
    due = NOW - timedelta(hours=1)
    said = verdict(after(DONE, GOOD, dag=Dag("d", next_run=due)))
    assert (said.state, said.tone) == (State.LATE, Tone.BAD)
    assert said.lines[0].words.startswith("Late: the run of today 14:00 UTC has not begun.")
    assert verdict(after(DONE, GOOD, dag=Dag("d", next_run=NOW))).state is State.COMPLETE


def test_a_run_that_misses_its_deadline_is_late():
    situation = replace(during(Task("take_turn")), within=timedelta(minutes=10))
    assert verdict(situation).lines[1].words == "Late: it was to be complete by today 14:50 UTC."
    assert "Late" not in verdict(replace(situation, within=timedelta(hours=1))).lines[1].words


def test_never_run():
    assert first(NOTHING) == (
        State.NEVER_RUN,
        "Never run: nothing was embedded yet. The first run is tonight 02:00 UTC.",
    )


def test_never_run_and_paused_as_airflow_makes_it():
    assert first(replace(NOTHING, dag=Dag("d", is_paused=True))) == (
        State.NEVER_RUN,
        "Never run: nothing was embedded yet. The DAG is paused: unpause it.",
    )


def test_never_set_up():
    said = verdict(replace(NOTHING, reports=None))
    assert (said.state, said.lines[0].link.to) == (State.NOT_SET_UP, "setup")
    assert "Run the DAG setup_image_search first" in said.lines[0].words


def test_airflow_has_no_such_dag():
    assert verdict(replace(NOTHING, dag=None)).state is State.NO_DAG


def test_who_may_not_see_the_runs_is_told_nothing_of_them():
    said = verdict(after(FAILED, BAD, may_see=False))
    assert (said.state, len(said.lines)) == (State.HIDDEN, 1)
    assert "31" not in said.lines[0].words


def test_stale_although_nothing_failed():
    old = replace(GOOD, at=NIGHT - timedelta(days=5))
    said = verdict(replace(NOTHING, runs=(replace(DONE, at=old.at),), reports=(old,)))
    assert (said.state, said.tone) == (State.STALE, Tone.WARN)
    assert said.lines[0].words == (
        "Stale: the last complete run was 5 days ago, on Sun 22 Nov 2026. Newer images cannot be found."
    )


def test_nights_that_fail_again_and_again_are_stale_too():
    old = replace(EARLIER, at=NIGHT - timedelta(days=5))
    said = verdict(replace(NOTHING, runs=(FAILED,), reports=(BAD, old)))
    assert said.state is State.FAILED
    assert said.lines[-1].words.startswith("Stale: the last complete run was 5 days ago")


def test_no_run_was_ever_complete():
    said = verdict(replace(NOTHING, runs=(FAILED,), reports=(BAD,)))
    assert said.lines[-1].words == "No run has been complete yet."
