"""Listings that are still true, so that a bucket which has not changed is not listed again by every query.

fake-gcs-server opens and describes every object for each listing. Whatever changes an object (creating,
overwriting, patching, deleting it) renames or removes a file in the storage's folder, and that changes the
folder's modification time.
"""

import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

KEPT = 8  # listings; each query of a pipeline lists the same one
# Modification times are whole ticks of the kernel's clock (1 to 10 ms): a folder that changed just before it
# was listed may change again within the same tick and look as if it had not.
SETTLED_NANOSECONDS = 100_000_000


class Listings:
    """The last listings of some buckets, which are folders of `storage`, each with its folders' times."""

    def __init__(self, storage: Path):
        self._storage = storage
        self._kept: OrderedDict[str, tuple[dict[str, int], Any]] = OrderedDict()

    def get(self, key: str, buckets: set[str], make: Callable[[], Any]) -> Any:
        """What `make` answered for this key, or answers now if one of the buckets has changed since."""
        times, listing = self._kept.pop(key, (None, None))
        if times is None or times != _times(times):
            started, times = time.time_ns(), _times(self._folders(buckets))
            listing = make()
            if not times or max(times.values()) + SETTLED_NANOSECONDS > started:
                return listing
        self._kept[key] = times, listing
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return listing

    def _folders(self, buckets: set[str]) -> list[str]:
        """The folders of some buckets, with those of their objects' names; a bucket may be missing."""
        return [folder for bucket in sorted(buckets) for folder, *_ in os.walk(self._storage / bucket)]


def _times(folders: Iterable[str]) -> dict[str, int]:
    """The modification time of each folder that exists, in nanoseconds."""
    times = {}
    for folder in folders:
        try:
            times[folder] = os.stat(folder).st_mtime_ns
        except FileNotFoundError:
            continue
    return times
