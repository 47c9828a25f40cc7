"""Which names in a statement of a script are variables: those that are no column there.

On BigQuery a column hides a variable of its name; local-bigquery takes the variable wherever it can.
Source: BQ procedural language reference, DECLARE: "If a variable and a column share the same name, BigQuery
interprets the ambiguous name as a column" (2026-08-22).
"""

import contextlib

import duckdb
from local_bigquery.catalog import tables
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.rules import NODE_RULES, STATEMENT_RULES, parameters, typing
from sqlglot import exp

from bqml_emulator.jobs import execution

IS_COLUMN = "is_column"
STATEMENTS = (exp.Select, exp.Update, exp.Delete, exp.Merge)
ALIASES_COUNT = (exp.Group, exp.Order, exp.Having, exp.Qualify)  # they see the aliases of the select list


def mark_columns(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: mark every name that is a variable's and a column's where it stands."""
    if not context.variables:
        return tree
    known: dict[int, set[str]] = {}
    for column in list(tree.find_all(exp.Column)):
        first = column.parts[0].name.lower()
        if first in context.variables and _is_column(column, first, known):
            column.meta[IS_COLUMN] = True
    return tree


def _is_column(column: exp.Column, name: str, known: dict[int, set[str]]) -> bool:
    clause, node, hidden = column, column.parent, False
    while node is not None:
        if isinstance(node, STATEMENTS):
            if id(node) not in known:
                known[id(node)] = _columns(node)
            by_alias = isinstance(clause, ALIASES_COUNT) and name in _names(node)
            if not hidden and (name in known[id(node)] or by_alias):
                return True
            hidden = False
        hidden = hidden or _is_source(node)
        clause, node = node, node.parent
    return False


def _is_source(node: exp.Expression) -> bool:
    """A query in FROM, USING or WITH does not see the columns beside it."""
    in_from = isinstance(node, exp.Subquery) and isinstance(node.parent, exp.From | exp.Join | exp.Merge)
    return in_from or isinstance(node, exp.Table | exp.CTE)


def _names(select: exp.Expression) -> set[str]:
    return {item.alias_or_name.lower() for item in getattr(select, "expressions", [])}


def _columns(statement: exp.Expression) -> set[str]:
    """Names of columns and tables that a statement's own sources provide."""
    return set().union(*(_provided(source) for source in _sources(statement)))


def _sources(statement: exp.Expression) -> list[exp.Expression]:
    keys = ("this", "using") if isinstance(statement, exp.Merge | exp.Delete) else ("this",)
    found = [] if isinstance(statement, exp.Select) else [statement.args.get(key) for key in keys]
    start = statement.args.get("from_")
    found += [start.this] if start else []
    for holder in [*found, statement]:
        joins = holder.args.get("joins") if isinstance(holder, exp.Expression) else None
        found += [join.this for join in joins or []]
    return [source for source in found if isinstance(source, exp.Expression)]


def _provided(source: exp.Expression) -> set[str]:
    alias = {source.alias_or_name.lower()} if source.alias_or_name else set()
    if isinstance(source, exp.Subquery):
        return alias | _output(source.this)
    if isinstance(source, exp.Unnest):
        listed = source.args.get("alias")
        offset = source.args.get("offset")
        named = {column.name.lower() for column in listed.columns} if listed else set()
        return alias | named | ({offset.name.lower()} if isinstance(offset, exp.Identifier) else set())
    if isinstance(source, exp.Table):
        return alias | (_cte_output(source) if not source.db else _table_columns(source))
    return alias


def _output(query: exp.Expression) -> set[str]:
    """Names of a query's columns."""
    while isinstance(query, exp.SetOperation | exp.Subquery):
        query = query.this
    if not isinstance(query, exp.Select):
        return set()
    names = _names(query)
    return names | _columns(query) if "*" in names else names


def _cte_output(table: exp.Table) -> set[str]:
    node = table.parent
    while node is not None:
        with_ = node.args.get("with_")
        for cte in with_.expressions if with_ else []:
            if cte.alias.lower() == table.name.lower() and table.find_ancestor(exp.CTE) is not cte:
                return _output(cte.this)
        node = node.parent
    with contextlib.suppress(duckdb.Error):
        running = execution.current()
        return {name.lower() for name in running.cursor.sql(f'FROM temp.main."{table.name}"').columns}
    return set()


def _table_columns(table: exp.Table) -> set[str]:
    with contextlib.suppress(BigQueryError, duckdb.Error):
        return {field.name.lower() for field in tables.columns(table.catalog, table.db, table.name)}
    return set()


def variable(node: exp.Expression, context) -> exp.Expression:
    """Node rule in the place of local-bigquery's: a variable, or a field of one, and no column."""
    if not isinstance(node, exp.Column) or node.meta.get(IS_COLUMN) or parameters._assigned(node):
        return node
    first, *fields = [part.name for part in node.parts]
    table = context.variables.get(first.lower())
    if table is None:
        return node
    value = parameters._read(table)
    running = execution.current()
    is_json = fields and running and str(running.cursor.sql(f"FROM {table}").types[0]) == "JSON"
    for field in fields:
        key = exp.Literal.string(f'$."{field}"' if is_json else field)
        value = exp.func("json_extract" if is_json else "struct_extract", value, key, dialect="duckdb")
    return parameters._named(node, value)


def install():
    """Mark the columns before variables are put in their places."""
    STATEMENT_RULES.insert(STATEMENT_RULES.index(typing.annotate), mark_columns)
    NODE_RULES[NODE_RULES.index(parameters.variable)] = variable
