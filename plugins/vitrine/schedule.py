"""When a schedule has runs. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, pairwise
from typing import Final

from croniter import croniter, croniter_range

# What is looked at for the longest gap: at most 400 years, after which the calendar repeats.
FIRST_DAY: Final = datetime(2000, 1, 1, tzinfo=UTC)
LAST_DAY: Final = datetime(2400, 1, 1, tzinfo=UTC)
MAX_DAYS_WITH_RUNS: Final = 500


@cache
def longest_gap(cron: str) -> timedelta:
    """Longest time between two runs of a cron expression with five fields.

    >>> str(longest_gap("0 2 * * 1-5"))
    '3 days, 0:00:00'
    >>> str(longest_gap("*/10 8-17 * * *"))
    '14:10:00'
    """
    # Every day with a run has it at the same times, so days and times can be looked at one after the other:
    # 500 runs at every minute of the working hours would not even last until the evening.
    minute, hour, *date = croniter(cron).expressions
    days = islice(_times(FIRST_DAY, LAST_DAY, "0", "0", *date), MAX_DAYS_WITH_RUNS)
    times = list(_times(FIRST_DAY, FIRST_DAY + timedelta(hours=23, minutes=59), minute, hour, "*", "*", "*"))
    overnight = max(_gaps(days)) - (times[-1] - times[0])
    return max([overnight, *_gaps(times)])


def _times(start: datetime, end: datetime, *cron: str) -> Iterator[datetime]:
    return croniter_range(start, end, " ".join(cron), ret_type=datetime)


def _gaps(times: Iterable[datetime]) -> Iterator[timedelta]:
    return (later - earlier for earlier, later in pairwise(times))
