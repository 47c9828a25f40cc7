"""Statuses of ours in `embedding_attempts`, beside those that BigQuery writes. Pure."""

from __future__ import annotations

from typing import Final

from vitrine import limits

# Retryable, like every failure that says nothing of the image itself.
FAILED_JOB_PREFIX: Final = f"{limits.RETRYABLE_STATUS_PREFIX} the job of "
FAILED_ALONE_PREFIX: Final = f"{FAILED_JOB_PREFIX}1 image failed:"
# It stands on every row of a batch; BigQuery's own messages can be pages long.
MAX_MESSAGE_CHARACTERS: Final = 500


def failed_job(images: int, message: str) -> str:
    """Status of each image of a batch whose job failed as a whole, with BigQuery's message.

    >>> failed_job(1, "An internal error occurred.")
    'A retryable error occurred: the job of 1 image failed: An internal error occurred.'
    """
    noun = "image" if images == 1 else "images"
    return f"{FAILED_JOB_PREFIX}{images:,} {noun} failed: {message[:MAX_MESSAGE_CHARACTERS]}"
