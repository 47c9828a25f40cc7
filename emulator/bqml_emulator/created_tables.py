"""CREATE TABLE name (columns) AS query, whole or not at all.

local-bigquery creates the table and then inserts into it, so a query that fails or is cancelled would leave
an empty table behind, and OR REPLACE would have lost the old one. Here the query is evaluated first.
"""

import uuid

from local_bigquery.catalog import names, tables
from local_bigquery.sql.translate import translate
from sqlglot import exp

from bqml_emulator import execution


def evaluate_first(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: replace the query by the temporary table that holds its result."""
    if not _has_columns_and_query(tree) or execution.current().schema_only or _is_skipped(tree, context):
        return tree
    running, name = execution.current(), f"_bqml_query_{uuid.uuid4().hex[:12]}"
    sql, bound = translate(tree.expression, context)
    running.cursor.execute(f'CREATE TEMP TABLE "{name}" AS {sql}', bound)
    running.temporary.append(name)
    context.temporary.add(name)
    tree = tree.copy()
    tree.set("expression", exp.select("*").from_(name))
    return tree


def _has_columns_and_query(tree: exp.Expression) -> bool:
    is_table = isinstance(tree, exp.Create) and tree.args.get("kind") == "TABLE"
    return is_table and isinstance(tree.this, exp.Schema) and isinstance(tree.expression, exp.Query)


def _is_skipped(tree: exp.Create, context) -> bool:
    keys = names.reference(tree.this.this, context.project_id, context.dataset_id)
    return bool(tree.args.get("exists")) and all(keys) and tables.exists(*keys)


def install():
    """Evaluate such queries before their tables are made."""
    execution.before_statement.append(evaluate_first)
