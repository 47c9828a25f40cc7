"""Without a default dataset, what a statement makes, drops or changes must be named with its dataset.

local-bigquery would look in DuckDB's own schema, make the object there and fail afterwards.
"""

from local_bigquery.catalog import names
from sqlglot import exp

from bqml_emulator.engine.error_mapping import unqualified
from bqml_emulator.jobs import dml, execution
from bqml_emulator.objects import object_tables

KINDS = {"TABLE": "Table", "VIEW": "Table", "FUNCTION": "Routine"}


def require_dataset(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: refuse a target that could be in any dataset."""
    kind = KINDS.get((tree.args.get("kind") or "TABLE").upper())
    target = names.target(tree) if kind else None
    if target is None or target.db or context.dataset_id or _is_temporary(tree, target, context):
        return tree
    raise unqualified(kind, target.name)


def _is_temporary(tree: exp.Expression, target: exp.Table, context) -> bool:
    return target.name.casefold() in context.temporary or tree.find(exp.TemporaryProperty) is not None


def install():
    """Look at the names before anything else does."""
    looks = (dml.require_where, object_tables.refuse_change)
    execution.before_statement.add(require_dataset, before=looks, first=True)
