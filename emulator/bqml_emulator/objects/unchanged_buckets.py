"""Listings that are still true, so that a bucket which has not changed is not listed again by every query."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

KEPT = 8  # listings; each query of a pipeline lists the same one


class Listings:
    """The last listings of some buckets; `version` answers another number after each change of a bucket."""

    def __init__(self, version: Callable[[str], int | None]):
        self._version = version
        self._kept: OrderedDict[str, tuple[list[int | None], Any]] = OrderedDict()

    def get(self, key: str, buckets: set[str], make: Callable[[], Any]) -> Any:
        """What `make` answered for this key, or answers now if one of the buckets has changed since."""
        # Asked before listing: a change meanwhile makes the next query list again.
        now = [self._version(bucket) for bucket in sorted(buckets)]
        before, listing = self._kept.pop(key, (None, None))
        if before != now:
            listing = make()
        self._kept[key] = now, listing
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return listing
