"""ALTER VECTOR INDEX … REBUILD and CALL BQ.CANCEL_INDEX_ALTERATION: a shadow index, then the cut-over.

BQ/vector-index, "Rebuild a vector index": a background-only index with the same configuration is trained on
the table as it is now, searches go on with the old one, and the shadow index takes over when it has enough
coverage. Enough is ours: as much as the old one has. The shadow is kept in memory; after a restart it is
built again.
"""

import time

from local_bigquery.catalog import names, row_access
from local_bigquery.errors import BigQueryError, not_found
from local_bigquery.sql.script import Interpreter

from bqml_emulator.core import limits
from bqml_emulator.vector import build, catalog, state
from bqml_emulator.vector.catalog import Alteration, VectorIndex
from bqml_emulator.vector.conditions import Condition
from bqml_emulator.vector.contents import contents
from bqml_emulator.vector.lists import Lists

CANCEL = "BQ.CANCEL_INDEX_ALTERATION"
IN_PROGRESS, FAILED = "IN_PROGRESS", "FAILED"
_shadows: dict[str, Lists] = {}


def running(index: VectorIndex) -> bool:
    """Whether the index is being rebuilt."""
    return index.alteration is not None and index.alteration.status == IN_PROGRESS


def start(index: VectorIndex):
    """Note the request; the maintenance does the work."""
    _, dataset, table = index.reference
    statement = f"ALTER VECTOR INDEX `{index.name}` ON `{'.'.join(index.reference)}` REBUILD"
    alteration = Alteration(status=IN_PROGRESS, started=time.time(), statement=statement)
    with catalog.changing:
        stored = catalog.on_table(*index.reference)
        if stored is not None and running(stored):
            raise BigQueryError(
                "invalid", limits.REBUILD_RUNNING.format(name=index.name, table=table, dataset=dataset)
            )
        _shadows.pop(index.id, None)
        catalog.update(index, alteration=alteration)


def advance(index: VectorIndex, found: Condition) -> bool:
    """Do the next step of a rebuild; True when it has ended just now."""
    if not running(index):
        _shadows.pop(index.id, None)
        return False
    table = contents(index)
    if found.disabled or table.too_small:
        reason = found.reason or limits.DISABLED_TOO_SMALL
        message = limits.REBUILD_FAILED.format(reason=reason)
        return _end(index, None, status=FAILED, message=message, ended=time.time())
    shadow = _shadows.get(index.id)
    shadow = _shadows[index.id] = build.updated(index, shadow) or shadow
    now = time.time()
    reached = build.coverage(shadow, table, now)
    if not 0 < reached >= build.coverage(state.lists(index), table, now):
        return False
    return _end(index, shadow, status=None, coverage_percentage=reached)


def _end(index: VectorIndex, shadow: Lists | None, **changes) -> bool:
    """Write how a rebuild ended and let its lists take over; False when it was cancelled in the meantime."""
    with catalog.changing:
        _shadows.pop(index.id, None)
        stored = catalog.on_table(*index.reference)
        if stored is None or stored.id != index.id or not running(stored):
            return False
        if shadow is not None:
            state.publish(index, shadow)
        catalog.update(stored, alteration=stored.alteration.replace(**changes))
    return True


def seen(index: VectorIndex) -> tuple[Alteration | None, Lists | None]:
    """The latest alteration as it is now, and the lists in use at the same moment."""
    with catalog.changing:
        stored = catalog.on_table(*index.reference) or index
        alteration, built, shadow = stored.alteration, state.lists(index), _shadows.get(index.id)
    if running(stored):
        reached = build.coverage(shadow, contents(index), time.time())
        alteration = alteration.replace(coverage_percentage=reached)
    return alteration, built


def cancel(table: str, name: str, project_id: str):
    """CALL BQ.CANCEL_INDEX_ALTERATION: a rebuild that is over already is none to cancel and no error."""
    if not isinstance(table, str) or table.count(".") not in (1, 2) or not isinstance(name, str):
        raise BigQueryError("invalidQuery", f"{CANCEL} takes '[project_id.]dataset.table' and 'index_name'")
    reference = row_access.table(table, project_id, None)
    with catalog.changing:
        index = catalog.on_table(*reference)
        if index is None or index.name != name:
            raise not_found("Vector index", f"{name} on table {names.label(*reference)}")
        if running(index):
            catalog.update(index, alteration=None)


def install():
    """Answer the call of the system procedure."""
    original = Interpreter.call

    def call(self, statement):
        if statement.text.upper() != CANCEL:
            return original(self, statement)
        if len(statement.items) != 2:
            raise BigQueryError("invalidQuery", f"{CANCEL} takes the name of a table and of an index")
        table, name = (self.evaluate(argument) for argument, _ in statement.items)
        return cancel(table, name, self.context.project_id)

    Interpreter.call = call
