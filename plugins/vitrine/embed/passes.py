"""Whether a run needs another pass, and how long to wait for it. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from vitrine import limits

# Passes without progress after which to give up: the quota is used up or the service is down.
PATIENCE = 2
# Up to this number, images fit into a minute of any region's quota, and a longer pause gains nothing.
HANDFUL = limits.EMBEDDING_REQUESTS_PER_MINUTE_EUROPE
# A batch whose job failed as a whole is split into pieces, and so on (25,000 images, then 782, 25 and 1).
# Halving would take 15 passes, each of which may pay again for half of the images.
PIECES_PER_JOB = 32
# Pieces of all failed batches together, so that an outage does not become thousands of jobs.
MAX_PIECES = 256


class PassDecision(NamedTuple):
    """Whether to start a repair pass, and why, as a sentence for the log."""

    repair: bool
    reason: str


def after_pass(pending: Sequence[int], max_passes: int) -> PassDecision:
    """Decide from the number of pending images before the first pass and after each pass, e.g. [250, 50, 0].

    Errors: ValueError before the first pass is over.
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
    """Pause before the next pass, from the same numbers as in after_pass.

    The pause doubles with each consecutive pass that leaves more than a handful (the quota is exhausted), up
    to `most_seconds`. For a handful it is `first_seconds`.
    """
    exhausted = sum(1 for _ in takewhile(lambda left: left > HANDFUL, reversed(pending[1:])))
    doubled: int = first_seconds * 2 ** max(0, exhausted - 1)
    return min(doubled, most_seconds)
