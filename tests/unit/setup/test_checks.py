"""The table of the preflight, and what stops a run."""

import pytest

from vitrine.errors import PreflightError
from vitrine.setup.checks import as_table, bad, good, not_checked, refuse_bad

CHECKS = [
    good("a", "fine"),
    bad("bucket", "is not there", "make a bucket"),
    bad("other", "is not there either", "make a bucket"),
    not_checked("c", "nobody knows"),
]


def test_every_check_is_a_line_and_what_to_paste_is_below_it():
    assert as_table(CHECKS).splitlines() == [
        "✓ a       fine",
        "✗ bucket  is not there",
        "    make a bucket",
        "✗ other   is not there either",
        "    make a bucket",
        "– c       nobody knows",
        "✓ 1  ✗ 2  – 1",
    ]


def test_all_failures_are_named_at_once_and_each_line_to_paste_is_there_once():
    with pytest.raises(PreflightError) as refused:
        refuse_bad(CHECKS)
    assert str(refused.value).splitlines() == [
        "2 of what the DAGs need is missing; nothing was paid for the model.",
        "✗ bucket: is not there",
        "✗ other: is not there either",
        "    make a bucket",
    ]


def test_what_could_not_be_checked_stops_nothing():
    refuse_bad([CHECKS[0], CHECKS[3]])
