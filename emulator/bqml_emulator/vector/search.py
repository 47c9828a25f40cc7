"""VECTOR_SEARCH rewritten as plain SQL: distances, the nearest per query row, rows in no order.

Only the row numbers of the nearest neighbours travel through the aggregation; their rows are fetched at the
end. With an index, a row is compared with a query only if no list holds it or its list is among those probed.
"""

import contextvars
import dataclasses
from typing import Any

from local_bigquery.catalog import metadata, row_access, tables
from local_bigquery.engine import database
from local_bigquery.jobs import query as query_jobs
from local_bigquery.models import JobStatistics2, Table
from local_bigquery.sql.rules.tables import resolve
from local_bigquery.sql.translate import Context, translate
from sqlglot import exp

from bqml_emulator.core import expressions
from bqml_emulator.core.rules import statement_rules
from bqml_emulator.jobs import execution
from bqml_emulator.vector import arguments, catalog, maintenance, plan, sql, stored
from bqml_emulator.vector.arguments import Arguments, VectorSearchCall, invalid
from bqml_emulator.vector.plan import Base, Plan

BASE_CLAUSES = {"expressions", "from_", "where", "kind", "hint"}
_plans: contextvars.ContextVar[list[Plan] | None] = contextvars.ContextVar("plans", default=None)


def rewrite(tree: exp.Expression, context: Context) -> exp.Expression:
    """Statement rule: replace every VECTOR_SEARCH of a statement, the innermost first."""
    calls = list(tree.find_all(VectorSearchCall))
    if calls:
        expressions.name_placeholders(tree, context)
    for call in reversed(calls):
        holder = call.parent
        if not isinstance(holder, exp.Table):
            raise invalid("VECTOR_SEARCH is a table function: use it in FROM")
        kept = {
            name: holder.args[name]
            for name in ("alias", "joins", "pivots", "sample")
            if holder.args.get(name)
        }
        holder.replace(exp.Subquery(this=_search(call, context), **kept))
    return tree


def _search(call: VectorSearchCall, context: Context) -> exp.Expression:
    scope = Scope(call, context)
    given = arguments.read(call, scope.constant)
    base = scope.base(given.base)
    base_columns = scope.base_columns(base)
    column = _vector_column(base_columns, given.column, "base table")
    query_columns = scope.columns(given.query) if given.query else {}
    query_column = _query_column(query_columns, given) if given.query else None
    if given.query_value:
        _check_value(scope.kind(given.query_value))
    selected = stored.selected(call, list(base_columns))
    chosen = plan.plan(base, column, given, selected)
    if (plans := _plans.get()) is not None and chosen not in plans:
        plans.append(chosen)
    named = dataclasses.replace(given, column=column, query_column=query_column)
    values = sql.columns("__vs_b", list(base_columns))
    if column not in selected:  # DuckDB would read all vectors of the table for the few that are found
        values[column] = f"CAST(NULL AS {base_columns[column]})"
    return sql.select(named, base, chosen, values, list(query_columns))


class Scope:
    """What a call can see: the WITH clauses around it, parameters, script variables, temporary tables."""

    def __init__(self, call: VectorSearchCall, context: Context):
        self.context = context
        self.ctes = _visible_ctes(call)

    def _relation(self, select: exp.Select):
        if self.ctes:
            select.set("with_", exp.With(expressions=[cte.copy() for cte in self.ctes]))
        own = dataclasses.replace(self.context, used=set(), referenced=set())
        return self._described(*translate(select, own))

    def _described(self, text: str, values: dict[str, Any] | None = None):
        running = execution.current()
        cursor = running.cursor if running else database.connection().cursor()
        return cursor.sql(text, params=values)

    def constant(self, node: exp.Expression) -> Any:
        """The value of a constant expression."""
        if isinstance(node, exp.Literal | exp.Boolean | exp.Null):
            return node.to_py()
        [(value,)] = self._relation(exp.select(exp.alias_(node.copy(), "value"))).fetchall()
        return value

    def columns(self, relation: exp.Expression) -> dict[str, Any]:
        """Column names and DuckDB types of a table or subquery; nothing is executed."""
        described = self._relation(exp.select("*").from_(_aliased(relation, "__relation")))
        return dict(zip(described.columns, described.types, strict=True))

    def base_columns(self, base: Base) -> dict[str, Any]:
        """The same of a base; of a table alone DuckDB knows them, which takes a tenth of the time."""
        if base.reference is None or not isinstance(base.relation, exp.Table):
            return self.columns(base.relation)
        described = self._described(f"FROM {tables.name(*base.reference)}")
        columns = dict(zip(described.columns, described.types, strict=True))
        columns.pop(tables.INGESTION_TIME, None)
        return columns

    def kind(self, value: exp.Expression) -> Any:
        """The DuckDB type of an expression; that of a parameter needs no translation."""
        is_parameter = isinstance(value, exp.Parameter) and isinstance(
            value.this, exp.Var
        )  # not of the system
        if is_parameter and (known := self.context.parameters.get(value.name)) is not None:
            used = {value.name} & self.context.values.keys()
            return self._described(
                f"SELECT {known}", {name: self.context.values[name] for name in used}
            ).types[0]
        [kind] = self.columns(exp.select(exp.alias_(value.copy(), "value")).subquery()).values()
        return kind

    def base(self, relation: exp.Expression) -> Base:
        """Understand the base: one table with SELECT, FROM and WHERE, or something else."""
        select = (
            exp.select("*").from_(_bare(relation)) if isinstance(relation, exp.Table) else relation.unnest()
        )
        _check_base_query(select)
        table = select.args["from_"].this if select.args.get("from_") else None
        if not isinstance(table, exp.Table) or table.args.get("joins") or table.args.get("pivots"):
            return Base(relation)
        reference = resolve(table, self.context, {cte.alias_or_name.casefold() for cte in self.ctes})
        kinds = [kind for _, kind, _ in database.objects(*reference)] if reference else []
        if kinds == ["VIEW"] and (resource := metadata.load(Table, *reference)) and resource.view:
            raise invalid("VECTOR_SEARCH cannot use a logical view as its base table")
        if kinds != ["TABLE"] or row_access.secured():
            return Base(relation)
        return Base(relation, select, table.alias_or_name, reference)


def _check_base_query(select: exp.Expression):
    if not isinstance(select, exp.Select):
        raise invalid("The base query of VECTOR_SEARCH must be SELECT … FROM … WHERE")
    clauses = {name for name, value in select.args.items() if value}
    if others := sorted(clauses - BASE_CLAUSES - {"joins", "laterals", "with_"}):
        raise invalid(
            f"The base query of VECTOR_SEARCH can only use SELECT, FROM and WHERE, not {others[0].upper()}"
        )


def _visible_ctes(node: exp.Expression) -> list[exp.CTE]:
    found: list[exp.CTE] = []
    while node.parent is not None:
        inside, node = node, node.parent
        with_ = node.args.get("with_")
        if with_ is not None and with_ is not inside:
            found = [*with_.expressions, *found]
        elif isinstance(node, exp.With):
            found = [*node.expressions[: node.expressions.index(inside)], *found]
    return found


def _bare(table: exp.Table) -> exp.Table:
    copy = table.copy()
    copy.set("alias", None)
    return copy


def _aliased(relation: exp.Expression, alias: str) -> exp.Expression:
    copy = relation.copy()
    copy.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    return copy


def _is_vector(type_: Any) -> bool:
    return type_.id in ("list", "array") and str(type_.children[0][1]) in ("DOUBLE", "FLOAT")


def _vector_column(columns: dict[str, Any], wanted: str, where: str) -> str:
    name = next((name for name in columns if name.casefold() == wanted.casefold()), None)
    if name is None:
        raise invalid(
            f"VECTOR_SEARCH: column {wanted} was not found in the {where}; it has {', '.join(columns)}"
        )
    if not _is_vector(columns[name]):
        raise invalid(
            f"VECTOR_SEARCH: column {wanted} of the {where} must be ARRAY<FLOAT64>, not {columns[name]}"
        )
    return name


def _check_value(type_: Any):
    if type_.id not in ("list", "array") or type_.children[0][1].id in (
        "varchar",
        "blob",
        "struct",
        "boolean",
    ):
        raise invalid(f"VECTOR_SEARCH: query_value must be ARRAY<FLOAT64>, not {type_}")


def _query_column(columns: dict[str, Any], arguments: Arguments) -> str:
    """Without one BigQuery "uses the column_to_search value or picks the most appropriate column"."""
    if arguments.query_column:
        return _vector_column(columns, arguments.query_column, "query table")
    if any(name.casefold() == arguments.column.casefold() and _is_vector(columns[name]) for name in columns):
        return _vector_column(columns, arguments.column, "query table")
    suitable = [name for name, type_ in columns.items() if _is_vector(type_)]
    if len(suitable) != 1:
        raise invalid(
            "VECTOR_SEARCH: name the query column with query_column_to_search; "
            f"ARRAY<FLOAT64> columns of the query table: {', '.join(suitable) or 'none'}"
        )
    return suitable[0]


def _with_statistics(original):
    """`query._statement` that reports how its searches used indexes, and wakes the upkeep of the indexes."""

    def statement(cursor, tree, context, *arguments, **named):
        token = _plans.set([])
        try:
            result: JobStatistics2 = original(cursor, tree, context, *arguments, **named)
            plans = _plans.get()
        finally:
            _plans.reset(token)
            if not isinstance(tree, exp.Query | exp.Command):
                maintenance.wake()
        if result.ddlOperationPerformed == "REPLACE" and result.ddlTargetTable:
            target = result.ddlTargetTable
            catalog.drop_all_on(target.projectId, target.datasetId, target.tableId)
        return result.replace(vectorSearchStatistics=plan.statistics(plans)) if plans else result

    return statement


def install():
    """Register VECTOR_SEARCH with local-bigquery: statement rule, job statistics."""
    statement_rules.add(rewrite)
    query_jobs._statement = _with_statistics(query_jobs._statement)
