"""Whether a run needs another pass, and how. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from vitrine import limits

# Passes without progress after which more of the same is no use: the quota is gone or the service is down.
PATIENCE = 2
# So few images fit into a minute of every region's quota: waiting longer gains them nothing.
HANDFUL = limits.EMBEDDING_REQUESTS_PER_MINUTE_EUROPE
# A batch whose job failed as a whole comes again in so many pieces: 25,000 images, 782, 25, 1. Halves would
# need 15 passes, and in each they may pay the calls of half of the images again.
PIECES_PER_JOB = 32
# Of all failed batches together: an outage must not become thousands of jobs (Airflow maps over 1,024).
MAX_PIECES = 256


class PassDecision(NamedTuple):
    """What to do after a pass, and why, in words for the log."""

    repair: bool
    reason: str


def after_pass(pending: Sequence[int], max_passes: int) -> PassDecision:
    """Decide from the images left before the first pass and after each pass so far, e.g. [250, 50, 0].

    Errors: ValueError when no pass is over yet.
    """
    passes = len(pending) - 1
    if passes < 1:
        raise ValueError("No pass is over yet.")
    left = pending[-1]
    if left == 0:
        return PassDecision(False, f"Clean after {passes} of at most {max_passes} passes.")
    if passes >= PATIENCE and left >= pending[-1 - PATIENCE]:
        return PassDecision(False, f"Stop: {left:,} images left and no progress in {PATIENCE} passes.")
    if passes == max_passes:
        return PassDecision(False, f"Stop: {left:,} images left after all {max_passes} passes.")
    return PassDecision(True, f"{left:,} images left after pass {passes}: repair them in another pass.")


def pause_seconds(pending: Sequence[int], first_seconds: int, most_seconds: int) -> int:
    """How long to wait before the next pass, from the same numbers as after_pass.

    The pause doubles with every pass in a row that leaves more than a handful (the quota is exhausted), up to
    `most_seconds`; for a handful it is the first one.
    """
    exhausted = sum(1 for _ in takewhile(lambda left: left > HANDFUL, reversed(pending[1:])))
    return min(first_seconds * 2 ** max(0, exhausted - 1), most_seconds)
