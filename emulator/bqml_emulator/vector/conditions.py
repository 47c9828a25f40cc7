"""Whether an index is active, about to be disabled, or disabled; since when and why.

The four states: BQ/information-schema-vector-indexes. Over the organization's limit: BQ/vector-index, "Use
shared slots". Which of several tables is over the limit is ours: the one that was indexed last.
"""

import time
from dataclasses import dataclass

from bqml_emulator.core import faults, limits
from bqml_emulator.vector import catalog
from bqml_emulator.vector.catalog import VectorIndex
from bqml_emulator.vector.contents import contents

ACTIVE, PENDING_DISABLEMENT = "ACTIVE", "PENDING DISABLEMENT"
TEMPORARILY_DISABLED, PERMANENTLY_DISABLED = "TEMPORARILY DISABLED", "PERMANENTLY DISABLED"


@dataclass(frozen=True)
class Condition:
    """A state; when it is a disabled one, the IndexUnusedReason code, the reason, seconds since the epoch."""

    state: str = ACTIVE
    code: str = ""
    reason: str | None = None
    since: float | None = None

    @property
    def disabled(self) -> bool:
        """Whether searches cannot use the index; while PENDING DISABLEMENT they still do."""
        return self.state in (TEMPORARILY_DISABLED, PERMANENTLY_DISABLED)


_since: dict[tuple[str, str], float] = {}


def condition(index: VectorIndex) -> Condition:
    """The condition of an index at this moment."""
    if (at := catalog.disabled_for_good(index)) is not None:
        reason = limits.DISABLED_SCHEMA.format(column=index.column)
        return Condition(PERMANENTLY_DISABLED, "INDEX_CONFIG_MODIFIED", reason, at)
    code, reason, wait = _cause(index)
    for key in [key for key in _since if key[0] == index.id and key[1] != code]:
        _since.pop(key, None)
    if not code:
        return Condition()
    noticed = _since.setdefault((index.id, code), time.time())
    if time.time() < noticed + wait:
        return Condition(PENDING_DISABLEMENT)
    return Condition(TEMPORARILY_DISABLED, code, reason, noticed + wait)


def _cause(index: VectorIndex) -> tuple[str, str, float]:
    """Code and reason of what disables an index, empty when nothing does; seconds of notice before."""
    settings = faults.current()
    if settings.disable_vector_indexes is not None:
        return "OTHER_REASON", settings.disable_vector_indexes, 0
    if contents(index).too_small:
        young = time.time() < index.created + settings.index_build_seconds
        return ("", "", 0) if young else ("BASE_TABLE_TOO_SMALL", limits.DISABLED_TOO_SMALL, 0)
    limit = settings.organization_index_limit_bytes  # None: 6 TB (BQ/quotas), more than fits here
    if limit is not None and not settings.background_reservation and _indexed_until(index) > limit:
        reason = limits.DISABLED_TOO_LARGE.format(limit=limit)
        return "BASE_TABLE_TOO_LARGE", reason, settings.index_build_seconds
    return "", "", 0


def _indexed_until(index: VectorIndex) -> int:
    """The bytes of all tables that were indexed up to this one; the emulator is one organization."""
    earlier = (
        other
        for other in catalog.everywhere()
        if (other.created, other.id) <= (index.created, index.id) and catalog.has_table(other)
    )
    return sum(contents(other).bytes for other in earlier)
