"""The stored definitions of vector indexes.

They lie where local-bigquery keeps its own indexes, so that dropping or renaming a table, or dropping a
dataset, takes its vector index along, as it does on BigQuery.
"""

import hashlib
import json
import math
import threading
import time
from pathlib import Path
from typing import Any

from local_bigquery.catalog import metadata, tables
from local_bigquery.engine import database
from local_bigquery.resource import Resource
from local_bigquery.settings import settings

from bqml_emulator.core import limits
from bqml_emulator.engine import catalog_lookups

KIND = "VECTOR"
FOLDER = "vector_indexes"
VECTOR_TYPES = ("DOUBLE[]", "FLOAT[]")  # DuckDB's for ARRAY<FLOAT64>
changing = threading.RLock()  # held while a definition is read and written back


class Alteration(Resource):
    """The latest REBUILD: IN_PROGRESS, FAILED with a message, or None when complete; epoch seconds."""

    status: str | None = None
    started: float
    statement: str
    ended: float | None = None
    message: str | None = None
    coverage_percentage: int = 0


class VectorIndex(metadata.Index):
    """One vector index: where it is and what CREATE VECTOR INDEX said. Option texts are JSON as given."""

    project: str
    dataset: str
    table: str
    column: str
    stored: list[str]
    index_type: str
    distance_type: str
    ivf_options: str | None = None
    tree_ah_options: str | None = None
    permanently_disabled: float | None = None
    alteration: Alteration | None = None

    @property
    def reference(self) -> tuple[str, str, str]:
        """Project, dataset and table."""
        return self.project, self.dataset, self.table

    @property
    def id(self) -> str:
        """Names this index for as long as it exists: one created again later has another id."""
        return json.dumps([*self.reference, self.name, self.creationTime])

    @property
    def path(self) -> Path:
        """Where its lists are kept."""
        return settings.data_dir / FOLDER / f"{hashlib.sha256(self.id.encode()).hexdigest()[:32]}.npz"

    @property
    def created(self) -> float:
        """Seconds since the epoch."""
        return int(self.creationTime) / 1000

    def number_of_lists(self, rows: int) -> int:
        """How many lists to train for so many rows; where no option says it, √rows (ours)."""
        if self.index_type == "TREE_AH":
            options = json.loads(self.tree_ah_options or "{}")
            leaf = options.get("leaf_node_embedding_count", limits.TREE_AH_DEFAULT_LEAF_COUNT)
            return max(1, math.ceil(rows / leaf))
        given = json.loads(self.ivf_options or "{}").get("num_lists")
        return given or min(limits.IVF_MAX_LISTS, max(1, math.isqrt(rows)))


metadata.KINDS[VectorIndex] = metadata.KINDS[metadata.Index]


def all_in(*keys: str) -> list[VectorIndex]:
    """The vector indexes of a project, a dataset or a table, by name."""
    found = [index for index in metadata.list_(metadata.Index, *keys) if index.kind == KIND]
    indexes = (VectorIndex.model_validate(index.dump()) for index in found)
    return sorted(indexes, key=lambda index: (*index.reference, index.name))


def everywhere() -> list[VectorIndex]:
    """The vector indexes of all projects."""
    return [index for project in database.projects() for index in all_in(project)]


def on_table(project: str, dataset: str, table: str) -> VectorIndex | None:
    """The vector index of a table; BigQuery allows one."""
    return next(iter(all_in(project, dataset, table)), None)


def by_id(id_: str) -> VectorIndex | None:
    """The index of an id, unless it was dropped."""
    index = on_table(*json.loads(id_)[:3])
    return index if index and index.id == id_ else None


def save(index: VectorIndex):
    """Store a new definition."""
    with changing:
        metadata.save(index, *index.reference, index.name)


def update(index: VectorIndex, **changes: Any) -> VectorIndex:
    """Change a stored definition; nothing happens when the index was dropped or made again meanwhile."""
    with changing:
        stored = on_table(*index.reference)
        if stored is None or stored.id != index.id:
            return index
        changed = VectorIndex(**dict(stored) | changes)
        save(changed)
        return changed


def delete(index: VectorIndex):
    """Forget a definition; the maintenance removes its lists."""
    with changing:
        metadata.delete(metadata.Index, *index.reference, index.name)
    index.path.unlink(missing_ok=True)


def drop_all_on(project: str, dataset: str, table: str):
    """A table that was replaced has no index any more."""
    for index in all_in(project, dataset, table):
        delete(index)


def _column_type(index: VectorIndex) -> str | None:
    return catalog_lookups.columns_of(tables.physical(*index.reference)).get(index.column, (None,))[0]


def has_table(index: VectorIndex) -> bool:
    """Whether the indexed column is still there; without it the index is to go."""
    return _column_type(index) is not None


def disabled_for_good(index: VectorIndex) -> float | None:
    """When the column was seen to hold no vectors any more: noted once, changing it back is no cure."""
    if index.permanently_disabled is None and _column_type(index) not in (None, *VECTOR_TYPES):
        return update(index, permanently_disabled=time.time()).permanently_disabled
    return index.permanently_disabled


def table_name(index: VectorIndex) -> str:
    """The table's quoted DuckDB name."""
    return tables.name(*index.reference)
