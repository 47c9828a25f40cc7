"""The arguments of ML.GENERATE_EMBEDDING and AI.GENERATE_EMBEDDING: options, input query, kind of rows."""

from dataclasses import dataclass
from typing import Any

from local_bigquery.catalog import names
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.translate import translate
from sqlglot import exp

from bqml_emulator.core import limits
from bqml_emulator.jobs import execution
from bqml_emulator.objects import object_tables

VIDEO_OPTIONS = {"start_second", "end_second", "interval_seconds"}
OTHER_OPTIONS = {"task_type", "title", "content_type", "terminate_on_failure"}
OBJECT_CLAUSES = {"expressions", "from_", "where", "order", "limit"}


@dataclass(frozen=True)
class Options:
    """The last argument, with its defaults."""

    output_dimensionality: int
    flatten_json_output: bool = True


def function_name(node: exp.GenerateEmbedding) -> str:
    """ML.GENERATE_EMBEDDING or AI.GENERATE_EMBEDDING, as it was called."""
    return f"{node.parent.db.upper()}.GENERATE_EMBEDDING"


def options(node: exp.GenerateEmbedding, model: limits.EmbeddingModel, context) -> Options:
    """Read and check the STRUCT argument; what it may say depends on the model."""
    function = function_name(node)
    struct = node.args.get("params_struct")
    if struct is not None and not isinstance(struct, exp.Struct):
        raise BigQueryError(
            "invalidQuery", f"{function}: the third argument must be a STRUCT of named options"
        )
    values = {}
    for item in struct.expressions if struct is not None else []:
        if not isinstance(item, exp.PropertyEQ):
            raise BigQueryError(
                "invalidQuery", f"{function}: every option needs a name: STRUCT(value AS name)"
            )
        values[item.this.name.lower()] = item.expression
    _check_names(function, values.keys())
    given = {name: _constant(value, context) for name, value in values.items()}
    defaults = {"output_dimensionality": model.dimensions[-1]}
    return _checked(function, model, Options(**defaults | given))


def _check_names(function: str, given: Any):
    allowed = {"output_dimensionality"} | ({"flatten_json_output"} if function.startswith("ML.") else set())
    for name in sorted(given - allowed):
        if name in VIDEO_OPTIONS:
            raise BigQueryError("invalidQuery", f"not emulated: option {name} of {function} (video)")
        if name in OTHER_OPTIONS:
            raise BigQueryError("invalidQuery", f"not emulated: option {name} of {function}")
        raise BigQueryError(
            "invalidQuery", f"{function}: unknown option {name}; it takes {', '.join(sorted(allowed))}"
        )


def _checked(function: str, model: limits.EmbeddingModel, values: Options) -> Options:
    if not isinstance(values.flatten_json_output, bool):
        raise BigQueryError("invalidQuery", f"{function}: flatten_json_output must be TRUE or FALSE")
    dimension = values.output_dimensionality
    if not isinstance(dimension, int) or dimension not in model.dimensions:
        message = f"{function}: output_dimensionality must be {model.offered}, not {dimension}"
        raise BigQueryError("invalidQuery", message)
    return values


def _constant(node: exp.Expression, context) -> Any:
    """A literal, a query parameter or a script variable."""
    if isinstance(node, exp.Literal | exp.Boolean):
        return node.to_py()
    query, bound = translate(exp.select(node.copy()), context)
    context.used.clear()
    [(value,)] = execution.current().cursor.execute(query, bound).fetchall()
    return value


def input_query(node: exp.GenerateEmbedding) -> exp.Query:
    """The rows to embed as a query of its own, with the WITH clauses of the statement that it uses."""
    source = node.expression
    if isinstance(source, exp.Table):
        bare = source.copy()
        bare.set("alias", None)
        query = exp.select("*").from_(bare)
    elif isinstance(source, exp.Subquery):
        query = source.this.copy()
    else:
        raise BigQueryError(
            "invalidQuery", "GENERATE_EMBEDDING: the second argument must be TABLE name or (query)"
        )
    for cte in reversed(_used_ctes(node, query)):
        query = _prepend(query, cte)
    return query


def _used_ctes(node: exp.Expression, query: exp.Query) -> list[exp.CTE]:
    """The statement's common table expressions that the query needs, directly or not, in their order."""
    visible, scope = {}, node
    while scope := scope.parent:
        with_ = scope.args.get("with_") if isinstance(scope, exp.Expression) else None
        for cte in with_.expressions if with_ else []:
            visible.setdefault(cte.alias.casefold(), cte)
    needed, todo = set(), [query]
    while todo:
        for table in todo.pop().find_all(exp.Table):
            name = table.name.casefold()
            if not table.db and name in visible and name not in needed:
                needed.add(name)
                todo.append(visible[name])
    return [cte for name, cte in visible.items() if name in needed]


def _prepend(query: exp.Query, cte: exp.CTE) -> exp.Query:
    with_ = query.args.get("with_") or exp.With(expressions=[])
    if cte.alias.casefold() not in {own.alias.casefold() for own in with_.expressions}:
        query.set("with_", exp.With(expressions=[cte.copy(), *with_.expressions], recursive=with_.recursive))
    return query


def object_source(node: exp.GenerateEmbedding, query: exp.Query, context) -> str | None:
    """Where the rows come from an object table, a DuckDB condition: whether they come from its cache.

    A query that BigQuery would refuse over an object table is refused. One that makes a column `content` is
    a query like any other, whatever its tables.
    """
    if any(name.casefold() == "content" for name in query.named_selects):
        return None
    for table, stored in object_tables.used(query, context):
        if table.find_ancestor(exp.Where) is not None:
            continue
        keys = names.reference(table, context.project_id, context.dataset_id)
        if found := _forbidden(query, table):
            message = limits.OBJECT_QUERY_CLAUSES.format(
                table=names.label(*keys), function=function_name(node), found=found
            )
            raise BigQueryError("invalidQuery", message)
        return object_tables.is_cached(keys, stored)
    return None


def _forbidden(query: exp.Query, table: exp.Table) -> str:
    """The first thing in the query that may not stand over an object table, or ''."""
    if not isinstance(query, exp.Select):
        return query.key.upper()
    for key, value in query.args.items():
        if value and key not in OBJECT_CLAUSES:
            return key.strip("_").upper()
    if query.args["from_"].this is not table:
        return "a subquery in FROM"
    for expression in query.expressions:
        if not isinstance(expression, exp.Star | exp.Column):
            return expression.sql("bigquery")
    return ""
