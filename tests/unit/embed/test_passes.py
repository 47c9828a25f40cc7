"""When a run goes on repairing, and when it stops."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.embed.passes import HANDFUL, after_pass, pause_seconds


@pytest.mark.parametrize(
    ("pending", "repair", "reason"),
    [
        ([250, 0], False, "Clean after 1"),
        ([0, 0], False, "Clean"),
        ([250, 50], True, "50 images left"),
        ([250, 250], True, "250 images left"),  # one pass without progress: perhaps an outage
        ([250, 250, 250], False, "no progress in 2 passes"),
        ([50, 50, 51], False, "no progress in 2 passes"),  # an image was overwritten meanwhile
        ([250, 50, 50], True, "50 images left"),
        ([250, 50, 50, 50], False, "no progress in 2 passes"),
        ([250, 200, 150, 100, 50, 10], False, "after all 5 passes"),
    ],
)
def test_decisions(pending, repair, reason):
    decision = after_pass(pending, max_passes=5)
    assert decision.repair is repair
    assert reason in decision.reason


def test_before_the_first_pass_there_is_no_decision():
    with pytest.raises(ValueError, match="No pass"):
        after_pass([250], max_passes=5)


@given(st.lists(st.integers(0, 9), min_size=2, max_size=9), st.integers(1, 8))
def test_a_run_always_ends(pending, max_passes):
    """Whatever happens, there is no repair after the last pass nor when nothing is left."""
    decision = after_pass(pending[: max_passes + 1], max_passes)
    if len(pending) > max_passes or pending[: max_passes + 1][-1] == 0:
        assert not decision.repair


@pytest.mark.parametrize(
    ("left", "seconds"),
    [
        ([5000], 60),
        ([5000, 4000], 120),
        ([5000, 4000, 3000], 240),
        ([5000, 4000, 3000, 2000, 1000], 600),  # bounded
        ([5000, 4000, HANDFUL], 60),
        ([5000, 4000, HANDFUL + 1], 240),
        ([3, 3], 60),
        ([HANDFUL, 5000], 60),  # an outage that has just begun
    ],
)
def test_pauses_grow_while_the_quota_is_exhausted_and_are_short_for_a_handful(left, seconds):
    assert pause_seconds([9999, *left], first_seconds=60, most_seconds=600) == seconds
