"""Statuses that Vitrine writes to `embedding_attempts`, in addition to BigQuery's own. Pure."""

from __future__ import annotations

from typing import Final

from vitrine import limits

# Retryable, like every failure that says nothing about the image itself.
FAILED_JOB_PREFIX: Final = f"{limits.RETRYABLE_STATUS_PREFIX} the job of "
FAILED_ALONE_PREFIX: Final = f"{FAILED_JOB_PREFIX}1 image failed:"
# The message is on every row of a batch, and BigQuery's can be pages long.
MAX_MESSAGE_CHARACTERS: Final = 500


def failed_job(images: int, message: str) -> str:
    """Status of each image of a batch whose job failed as a whole, including BigQuery's message.

    >>> failed_job(1, "An internal error occurred.")
    'A retryable error occurred: the job of 1 image failed: An internal error occurred.'
    """
    noun = "image" if images == 1 else "images"
    return f"{FAILED_JOB_PREFIX}{images:,} {noun} failed: {message[:MAX_MESSAGE_CHARACTERS]}"
