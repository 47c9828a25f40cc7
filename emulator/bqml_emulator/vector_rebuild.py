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

from bqml_emulator import limits, vector_build, vector_catalog, vector_state
from bqml_emulator.vector_catalog import Alteration, VectorIndex
from bqml_emulator.vector_conditions import Condition
from bqml_emulator.vector_contents import contents
from bqml_emulator.vector_lists import Lists

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
    if running(index):
        raise BigQueryError(
            "invalid", limits.REBUILD_RUNNING.format(name=index.name, table=table, dataset=dataset)
        )
    alteration = Alteration(status=IN_PROGRESS, started=time.time(), statement=statement)
    vector_catalog.update(index, alteration=alteration)


def advance(index: VectorIndex, found: Condition) -> bool:
    """Do the next step of a rebuild; True when the shadow index has just taken over."""
    if not running(index):
        _shadows.pop(index.id, None)
        return False
    table = contents(index)
    if found.disabled or table.too_small:
        reason = found.reason or limits.DISABLED_TOO_SMALL
        _end(index, status=FAILED, message=limits.REBUILD_FAILED.format(reason=reason))
        return False
    shadow = _shadows.get(index.id)
    shadow = _shadows[index.id] = vector_build.updated(index, shadow) or shadow
    now = time.time()
    reached = vector_build.coverage(shadow, table, now)
    if not 0 < reached >= vector_build.coverage(vector_state.lists(index), table, now):
        return False
    return _cut_over(index, shadow, reached)


def _cut_over(index: VectorIndex, shadow: Lists, reached: int) -> bool:
    ended = _end(index, status=None, coverage_percentage=reached)
    if ended:  # not cancelled in the meantime
        vector_state.publish(index, shadow)
    return ended


def _end(index: VectorIndex, **changes) -> bool:
    """Write how a rebuild ended; False when it was cancelled in the meantime."""
    with vector_catalog.changing:
        stored = vector_catalog.on_table(*index.reference)
        _shadows.pop(index.id, None)
        if stored is None or stored.id != index.id or not running(stored):
            return False
        ended = time.time() if changes["status"] == FAILED else None
        vector_catalog.update(index, alteration=stored.alteration.replace(ended=ended, **changes))
    return True


def coverage_percentage(index: VectorIndex) -> int:
    """How much of the table the shadow index holds now, or held when it took over."""
    if not running(index):
        return index.alteration.coverage_percentage
    return vector_build.coverage(_shadows.get(index.id), contents(index), time.time())


def cancel(table: str, name: str, project_id: str, dataset_id: str | None):
    """CALL BQ.CANCEL_INDEX_ALTERATION: a rebuild that is over already is none to cancel and no error."""
    reference = row_access.table(table, project_id, dataset_id)
    index = vector_catalog.on_table(*reference)
    if index is None or index.name != name:
        raise not_found("Vector index", f"{name} on table {names.label(*reference)}")
    with vector_catalog.changing:
        stored = vector_catalog.on_table(*reference)
        if stored is not None and running(stored):
            vector_catalog.update(stored, alteration=None)


def install():
    """Answer the call of the system procedure."""
    original = Interpreter.call

    def call(self, statement):
        if statement.text.upper() != CANCEL:
            return original(self, statement)
        if len(statement.items) != 2:
            raise BigQueryError("invalidQuery", f"{CANCEL} takes the name of a table and of an index")
        table, name = (self.evaluate(argument) for argument, _ in statement.items)
        return cancel(table, name, self.context.project_id, self.context.dataset_id)

    Interpreter.call = call
