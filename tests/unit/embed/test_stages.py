"""What a run's jobs were for."""

from datetime import UTC, datetime, timedelta

import pytest

from vitrine.embed.stages import by_kind, kind
from vitrine.google.bigquery import JobFigures
from vitrine.google.jobs import label

NIGHT = datetime(2026, 11, 27, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("task_id", "name"),
    [
        ("take_turn", "take_turn"),
        ("pass_1.embed_batch", "embed_batch"),
        ("repair.pass_2.embed_batch", "embed_batch"),
        ("repair.check_status_5", "check_status"),
        ("repair.plan_batches_2", "plan_batches"),
        ("plan.plan_batches", "plan_batches"),
    ],
)
def test_a_kind_is_the_same_in_every_pass(task_id, name):
    assert kind(task_id) == name


def test_jobs_are_added_up_by_kind_in_the_order_of_the_tasks():
    tasks = ["plan.plan_batches", "pass_1.embed_batch", "repair.pass_2.embed_batch", "report_run"]
    jobs = [
        JobFigures(label("repair.pass_2.embed_batch"), bytes_billed=3, failed=False),
        JobFigures(label("pass_1.embed_batch"), bytes_billed=4, failed=True),
        JobFigures(label("plan.plan_batches"), bytes_billed=10, failed=False),
    ]
    assert by_kind(jobs, tasks, calls=9, in_vain=2, asked_again=0) == [
        {
            "stage": "plan_batches",
            "jobs": 1,
            "bytes_billed": 10,
            "calls": 0,
            "calls_in_vain": 0,
            "seconds": 0.0,
        },
        {
            "stage": "embed_batch",
            "jobs": 2,
            "bytes_billed": 7,
            "calls": 9,
            "calls_in_vain": 2,
            "seconds": 0.0,
        },
    ]


def test_the_jobs_of_a_task_that_is_gone_still_count():
    jobs = [JobFigures(label("repair.pass_5.embed_batch"), bytes_billed=3, failed=False)]
    [stage] = by_kind(jobs, ["pass_1.embed_batch"], calls=0, in_vain=0, asked_again=0)
    assert (stage["stage"], stage["jobs"], stage["bytes_billed"]) == ("other", 1, 3)


def test_a_call_that_told_broken_images_from_a_broken_model_is_the_checks():
    tasks = ["pass_1.embed_batch", "repair.check_status_1"]
    jobs = [JobFigures(label(task), bytes_billed=1, failed=False) for task in tasks]
    embedded, checked = by_kind(jobs, tasks, calls=21, in_vain=3, asked_again=1)
    assert (embedded["calls"], embedded["calls_in_vain"]) == (20, 2)
    assert (checked["calls"], checked["calls_in_vain"]) == (1, 1)


def test_a_stage_takes_the_time_in_which_at_least_one_of_its_jobs_was_running():
    def job(start: int, end: int | None) -> JobFigures:
        times = [None if second is None else NIGHT + timedelta(seconds=second) for second in (start, end)]
        return JobFigures(label("embed_batch"), 0, failed=False, started=times[0], ended=times[1])

    jobs = [job(0, 10), job(5, 20), job(6, 7), job(50, 60), job(70, None)]
    [stage] = by_kind(jobs, ["embed_batch"], calls=0, in_vain=0, asked_again=0)
    assert stage["seconds"] == 30
