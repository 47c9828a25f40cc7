"""Statuses of ours."""

from vitrine import limits
from vitrine.embed import statuses


def test_a_failed_job_is_retryable_and_says_how_many_images_it_had():
    whole, alone = statuses.failed_job(25_000, "no"), statuses.failed_job(1, "no")
    assert whole == f"{limits.RETRYABLE_STATUS_PREFIX} the job of 25,000 images failed: no"
    assert whole.startswith(statuses.FAILED_JOB_PREFIX)
    assert alone.startswith(statuses.FAILED_JOB_PREFIX)
    assert [status.startswith(statuses.FAILED_ALONE_PREFIX) for status in (whole, alone)] == [False, True]


def test_a_long_message_is_cut():
    assert len(statuses.failed_job(1, "x" * 100_000)) < 600
