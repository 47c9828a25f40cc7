"""Temporary tables; local-bigquery looks for that of DROP TABLE IF EXISTS among the permanent ones."""

from local_bigquery.catalog import names
from sqlglot import exp

from bqml_emulator.jobs import execution

FIND = "SELECT 1 FROM duckdb_tables() WHERE temporary AND lower(table_name) = lower(?)"
DML = exp.Insert | exp.Update | exp.Delete | exp.Merge | exp.TruncateTable


def is_temporary(table: exp.Table, context) -> bool:
    """Whether a statement's name means a temporary table."""
    if table.db:
        return table.db.casefold() == "_session"
    return table.name.casefold() in context.temporary


def drop_found(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: IF EXISTS goes where the temporary table is found, so that it is dropped."""
    target = tree.find(exp.Table) if isinstance(tree, exp.Drop) and tree.args.get("exists") else None
    if target is None or target.db.upper() not in ("", "_SESSION"):
        return tree
    if not execution.current().cursor.execute(FIND, [target.name]).fetchall():
        return tree
    tree = tree.copy()
    tree.set("exists", False)
    return tree


def name_alone(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: what DML writes is `t` where it says `_SESSION.t`, as local-bigquery knows it."""
    target = names.target(tree) if isinstance(tree, DML) else None
    if (
        target is None
        or target.db.casefold() != "_session"
        or target.name.casefold() not in context.temporary
    ):
        return tree
    tree = tree.copy()
    names.target(tree).set("db", None)
    return tree


def install():
    """Look for temporary tables before any other table."""
    execution.before_statement.add(name_alone, first=True)
    execution.before_statement.add(drop_found)
