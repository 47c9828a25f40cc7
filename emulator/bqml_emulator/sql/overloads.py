"""Macros with an overload for each type, called with an aggregate, a window, or a column of an outer query.

DuckDB chooses the overload when it meets the call; then it does not know the types of aggregates and windows,
which it computes apart, and every overload fits; and it binds a column of an outer query twice, which it does
not survive. It takes no aggregate in TRY either. In a lambda, the value has its type: `m(SUM(x))` is written
as `list_transform([{'a0': SUM(x)}], lambda v: m(struct_extract(v, 'a0')))[1]`.
"""

import functools

import duckdb
from local_bigquery.engine import database
from local_bigquery.sql import translate
from local_bigquery.sql.dialect import macro
from local_bigquery.sql.rules import NODE_RULES, safe
from sqlglot import exp

from bqml_emulator.engine import database_files

PREFIX = "bq.main."
OVERLOADED = """
SELECT function_name FROM duckdb_functions() WHERE database_name = 'bq' AND function_type = 'macro'
GROUP BY 1 HAVING COUNT(*) > 1 OR bool_or(contains(macro_definition, 'TRY('))
"""
# Of people's functions; one with a subquery can stand in no lambda
BODIES = """
SELECT macro_definition FROM duckdb_functions()
WHERE NOT internal AND function_type = 'macro' AND lower(function_name) = ?
"""
# The engine's aggregates, and the macros that are made of them
AGGREGATES = f"""
WITH engine AS (
  SELECT DISTINCT function_name AS name FROM duckdb_functions() WHERE function_type = 'aggregate')
SELECT name FROM engine
UNION
SELECT '{PREFIX}' || function_name FROM duckdb_functions(), engine
WHERE database_name = 'bq' AND function_type = 'macro'
  AND regexp_matches(macro_definition, '(^|[^a-z_])"?' || engine.name || '"?\\(')
"""


@functools.cache
def _names(query: str) -> frozenset[str]:
    return frozenset(name.casefold() for (name,) in database.fetch(query))


def in_lambdas(tree: exp.Expression) -> exp.Expression:
    """Wrap those calls in a translated statement, the inner ones first."""
    for call in reversed(list(tree.find_all(exp.Anonymous))):
        is_inner = _is_in_subquery(call)
        apart = [
            value
            for value in call.expressions
            if _is_computed_apart(value) or (is_inner and value.find(exp.Column))
        ]
        if not apart or not _is_overloaded(call):
            continue
        whole = call  # with the dataset of a person's function
        while isinstance(whole.parent, exp.Dot):
            whole = whole.parent
        fields = [
            exp.PropertyEQ(this=exp.to_identifier(f"a{index}"), expression=value.copy())
            for index, value in enumerate(apart)
        ]
        for index, value in enumerate(apart):  # by its name in a dot, HAVING would look for a column
            field = exp.func("struct_extract", exp.to_identifier("v"), exp.Literal.string(f"a{index}"))
            value.replace(macro("_bqml_narrow", field))
        made = exp.Bracket(
            this=exp.Anonymous(
                this="list_transform",
                expressions=[
                    exp.Array(expressions=[exp.Struct(expressions=fields)]),
                    exp.Lambda(this=whole.copy(), expressions=[exp.to_identifier("v")]),
                ],
            ),
            expressions=[exp.Literal.number(1)],
            offset=1,
        )
        if whole is tree:
            return made
        whole.replace(made)
    return tree


def _is_overloaded(call: exp.Anonymous) -> bool:
    """Whether it is such a macro, or may be made of one, as people's functions are."""
    name = call.name.casefold()
    if name.startswith(PREFIX):
        return name.removeprefix(PREFIX) in _names(OVERLOADED)
    if not isinstance(call.parent, exp.Dot):  # the engine's own; to look for its body takes DuckDB 12 ms
        return False
    bodies = [body.casefold() for (body,) in database.fetch(BODIES, [name])]
    return any(PREFIX in body for body in bodies) and not any("(select" in body for body in bodies)


def _is_computed_apart(value: exp.Expression) -> bool:
    for node in value.walk(prune=lambda inner: isinstance(inner, exp.Query)):
        if isinstance(node, exp.AggFunc | exp.Window):
            return True
        if isinstance(node, exp.Anonymous) and str(node.this).casefold() in _names(AGGREGATES):
            return True
    return False


def _is_in_subquery(call: exp.Expression) -> bool:
    """Whether it stands where columns of an outer query, or of the table before it in FROM, may be meant."""
    if call.find_ancestor(exp.Unnest, exp.Lateral, exp.Query) is not call.find_ancestor(exp.Query):
        return True
    query = call.find_ancestor(exp.Query)
    while query is not None:
        holder = query.parent.parent if isinstance(query.parent, exp.Subquery) else query.parent
        sources = exp.From | exp.Join | exp.CTE | exp.SetOperation | exp.Create | exp.Insert | None
        if not isinstance(holder, sources):
            return True
        query = query.find_ancestor(exp.Query)
    return False


def register(con: duckdb.DuckDBPyConnection):
    """Make the macro that gives a SUM of integers, DuckDB's HUGEINT, the type of BigQuery's."""
    con.execute("CREATE OR REPLACE MACRO bq.main._bqml_narrow(x HUGEINT) AS x::BIGINT, (x) AS x")


def safe_function(node: exp.Expression, context) -> exp.Expression:
    """Node rule, in the place of local-bigquery's: the `s` of its lambda would be a column of that name."""
    made = safe.safe_function(node, context)
    if made is not node:
        call = made.find(exp.Lambda)
        for name in call.find_all(exp.Identifier) if call else ():
            if name.arg_key == "table" or name.parent is call:
                name.set("this", "_bqml_s")
    return made


def install():
    """Look at every statement when all of it is translated."""
    NODE_RULES[NODE_RULES.index(safe.safe_function)] = safe_function
    database_files.on_connect.append(register)
    rewrite = translate._rewrite

    def rewritten(node: exp.Expression, context) -> exp.Expression:
        is_whole = node.parent is None
        made = rewrite(node, context)
        return in_lambdas(made) if is_whole else made

    translate._rewrite = rewritten
