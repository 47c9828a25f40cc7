"""CREATE TABLE name (columns) AS query, whole or not at all.

local-bigquery creates the table and then inserts into it, so a query that fails or is cancelled would leave
an empty table behind. Here the query is evaluated first, and the table is made with its rows; NOT NULL and
DEFAULT follow.
"""

import uuid

from local_bigquery.catalog import names, tables
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.rules import ddl
from local_bigquery.sql.translate import translate
from sqlglot import exp

from bqml_emulator.jobs import execution


def evaluate_first(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: replace the query by the temporary table that holds its result."""
    if not _has_columns_and_query(tree) or execution.current().schema_only or is_skipped(tree, context):
        return tree
    running, name = execution.current(), f"_bqml_query_{uuid.uuid4().hex[:12]}"
    sql, bound = translate(tree.expression, context)
    running.cursor.execute(f'CREATE TEMP TABLE "{name}" AS {sql}', bound)
    running.temporary.append(name)
    context.temporary.add(name)
    columns = [row[0] for row in running.cursor.execute(f'DESCRIBE temp.main."{name}"').fetchall()]
    tree = tree.copy()
    tree.set("expression", _converted(running, name, columns, _definitions(tree)))
    return tree


def _has_columns_and_query(tree: exp.Expression) -> bool:
    is_table = isinstance(tree, exp.Create) and tree.args.get("kind") == "TABLE"
    return is_table and isinstance(tree.this, exp.Schema) and isinstance(tree.expression, exp.Query)


def is_skipped(tree: exp.Create, context) -> bool:
    """Whether the table exists and the statement says IF NOT EXISTS."""
    keys = names.reference(names.target(tree), context.project_id, context.dataset_id)
    return bool(tree.args.get("exists")) and all(keys) and tables.exists(*keys)


def _definitions(tree: exp.Create) -> list[exp.ColumnDef]:
    return [column for column in tree.this.expressions if isinstance(column, exp.ColumnDef)]


def _converted(
    running: execution.Execution, name: str, columns: list[str], definitions: list[exp.ColumnDef]
) -> exp.Select:
    """The evaluated columns under the names and with the types that the statement declares."""
    if len(columns) != len(definitions):
        message = (
            f"The number of columns in the column definition list ({len(definitions)}) does not match the "
        )
        raise BigQueryError("invalidQuery", message + f"number of columns of the query ({len(columns)})")
    for column, definition in zip(columns, definitions, strict=True):
        query = f'SELECT 1 FROM temp.main."{name}" WHERE "{column}" IS NULL LIMIT 1'
        if _constraint(definition, exp.NotNullColumnConstraint) and running.cursor.execute(query).fetchall():
            raise BigQueryError("invalidQuery", f"Required field {definition.name} cannot be null")
    values = [
        exp.cast(exp.column(column, quoted=True), definition.args["kind"].copy()).as_(
            definition.name, quoted=True
        )
        for column, definition in zip(columns, definitions, strict=True)
    ]
    return exp.select(*values).from_(name)


def _constraint(definition: exp.ColumnDef, kind: type[exp.Expression]) -> exp.Expression | None:
    return next((c.kind for c in definition.constraints if isinstance(c.kind, kind)), None)


def split(tree: exp.Create) -> list[exp.Expression]:
    """The statements for DuckDB: the table with its rows, then the constraints of its columns."""
    table = tree.this.this
    create = exp.Create(
        this=table.copy(), kind="TABLE", expression=tree.expression.copy(), replace=tree.args.get("replace")
    )
    actions = []
    for definition in _definitions(tree):
        column = exp.to_identifier(definition.name, quoted=True)
        if _constraint(definition, exp.NotNullColumnConstraint):
            actions.append(exp.AlterColumn(this=column, allow_null=False))
        if default := _constraint(definition, exp.DefaultColumnConstraint):
            actions.append(exp.AlterColumn(this=column.copy(), default=default.this.copy()))
    # IF EXISTS: it does, but only in this transaction, where local-bigquery does not look
    alter = exp.Alter(this=table.copy(), kind="TABLE", exists=True)
    return [create, *(exp.Alter(**alter.copy().args, actions=[action]) for action in actions)]


def install():
    """Evaluate such queries before their tables are made, and make those at one stroke."""
    original = ddl.split

    def split_whole(tree: exp.Expression) -> list[exp.Expression]:
        running = execution.current()
        whole = running and not running.schema_only and _has_columns_and_query(tree)
        temporary = tree.find(exp.TemporaryProperty) is not None
        return split(tree) if whole and not temporary else original(tree)

    ddl.split = split_whole
    execution.before_statement.add(evaluate_first)
