"""The SQL of one vector search.

    __vs_base       the base's rows with their row number __vs_r
    __vs_look       with an index, one row: __vs_number of this search, __vs_others in no list (`nearby`)
    __vs_query      one row per query row: __vs_id, __vs_row (STRUCT of its columns), __vs_vector, and with an
                    index __vs_near, the nearest rows of the probed lists; NULL: compare every row
    __vs_hits       (__vs_id, __vs_r, __vs_distance, __vs_rank) of the nearest neighbours
    __vs_filtered   like __vs_base, where the filter of the base query comes after the search

Every name starts with __vs so that it cannot be a script variable's. What finds the hits is DuckDB's SQL; it
passes by the rules for BigQuery's, which would take as long as a search of some thousand rows, and would have
each pair checked again.
"""

import sqlglot
from local_bigquery.sql.dialect import DuckDBDialect
from sqlglot import exp

from bqml_emulator.core import faults, limits
from bqml_emulator.vector.arguments import Arguments
from bqml_emulator.vector.nearby import DISTANCES
from bqml_emulator.vector.plan import Base, Plan


class Verbatim(exp.Expression):
    """DuckDB's SQL as it is."""

    arg_types = {"this": True}


def _write_verbatim(_generator, node: Verbatim) -> str:
    return node.args["this"]


def install():
    """Let sqlglot write DuckDB's own SQL."""
    DuckDBDialect.Generator.TRANSFORMS[Verbatim] = _write_verbatim


def select(
    arguments: Arguments, base: Base, plan: Plan, base_columns: dict[str, str], query_columns: list[str]
) -> exp.Expression:
    """The query that a VECTOR_SEARCH stands for; `arguments` name columns as the tables spell them.

    `base_columns` are those of the base with what stands for each in the result: a column, or a typed NULL.
    """
    output = "" if arguments.query is None else "__vs_q.__vs_row AS query, "
    # really no order: the second nearest always comes before the nearest, so a forgotten ORDER BY shows
    tree = _parse(
        f"WITH __vs_base AS {_materialized(base)} (SELECT 1), "
        f"__vs_look AS MATERIALIZED (SELECT __vs_l.* FROM __vs_seen AS __vs_l), "
        f"__vs_query AS MATERIALIZED ({_query(arguments, plan, query_columns)}), "
        f"__vs_filtered AS {_materialized(base)} (SELECT 1), "
        "__vs_hits AS MATERIALIZED (SELECT __vs_n.__vs_id, __vs_n.__vs_r, __vs_n.__vs_distance, "
        "__vs_n.__vs_rank FROM __vs_found AS __vs_n) "
        f"SELECT {output}{_struct(base_columns)} AS base, __vs_h.__vs_distance AS distance "
        "FROM __vs_hits AS __vs_h JOIN __vs_query AS __vs_q ON __vs_q.__vs_id = __vs_h.__vs_id "
        "JOIN __vs_filtered AS __vs_b ON __vs_b.__vs_r = __vs_h.__vs_r "
        f"ORDER BY __vs_h.__vs_rank % 2, hash(__vs_h.__vs_id, __vs_h.__vs_rank, {faults.current().seed})"
    )
    searched, look, query, filtered, hits = tree.args["with_"].expressions
    _fill_query(query, arguments)
    searched.set("this", _numbered(base, filtered=plan.filter_first))
    filtered.set("this", _numbered(base) if not plan.filter_first else _parse("SELECT * FROM __vs_base"))
    look.find(exp.Table).set("this", Verbatim(this=f"({_look(plan)})"))
    hits.find(exp.Table).set("this", Verbatim(this=f"({_hits(arguments, plan)})"))
    return tree


def _parse(sql: str) -> exp.Expression:
    return sqlglot.parse_one(sql, dialect="duckdb")


def _name(column: str) -> str:
    return exp.to_identifier(column, quoted=True).sql("duckdb")


def _text(value: str) -> str:
    return exp.Literal.string(value).sql("duckdb")


def columns(table: str, names: list[str]) -> dict[str, str]:
    """The columns of a table of these names, each as it is."""
    return {name: f"{table}.{_name(name)}" for name in names}


def _struct(values: dict[str, str]) -> str:
    return "{" + ", ".join(f"{_text(name)}: {value}" for name, value in values.items()) + "}"


def _materialized(base: Base) -> str:
    return "NOT MATERIALIZED" if base.reference else "MATERIALIZED"


def _query(arguments: Arguments, plan: Plan, names: list[str]) -> str:
    row, vector = "NULL", "__vs_value"
    if arguments.query is not None:
        row, vector = _struct(columns("__vs_source", names)), f"__vs_source.{_name(arguments.query_column)}"
    rows = (
        f"SELECT row_number() OVER () AS __vs_id, {row} AS __vs_row, "
        f"coalesce(CAST({vector} AS DOUBLE[]), []) AS __vs_vector FROM __vs_source"
    )
    if plan.key is None:
        return rows
    near = (
        f"_vector_nearby(__vs_look.__vs_number, '{plan.distance_type}', __vs_rows.__vs_vector, "
        f"{plan.fraction!r}, {arguments.top_k})"
    )
    return f"SELECT __vs_rows.*, {near} AS __vs_near FROM ({rows}) AS __vs_rows CROSS JOIN __vs_look"


def _look(plan: Plan) -> str:
    if plan.key is None:
        return "SELECT NULL"
    seen = f"_vector_look({_text(plan.key)}, coalesce(list(__vs_b.__vs_r), []))"
    return (
        "SELECT __vs_s.__vs_seen.number AS __vs_number, __vs_s.__vs_seen.others AS __vs_others "
        f"FROM (SELECT {seen} AS __vs_seen FROM __vs_base AS __vs_b) AS __vs_s"
    )


def _fill_query(cte: exp.CTE, arguments: Arguments):
    """Put the query table, or a table of one row with the query value, in place of __vs_source."""
    if arguments.query is not None:
        source = arguments.query.copy()
    else:
        value = exp.alias_(arguments.query_value.copy(), "__vs_value")
        source = exp.Subquery(this=exp.select(value))
    source.set("alias", exp.TableAlias(this=exp.to_identifier("__vs_source")))
    placeholder = next(table for table in cte.find_all(exp.Table) if table.name == "__vs_source")
    placeholder.replace(source)


def _numbered(base: Base, filtered: bool = True) -> exp.Expression:
    """The base's rows with their number __vs_r; with or without its WHERE."""
    if base.select is None:
        source = base.relation.copy()
        source.set("alias", exp.TableAlias(this=exp.to_identifier("__vs_source")))
        number = exp.alias_(_parse("row_number() OVER ()"), "__vs_r")
        return exp.select(number, exp.column("*", "__vs_source", quoted=False)).from_(source)
    query = base.select.copy()
    number = exp.alias_(exp.column("rowid", exp.to_identifier(base.alias, quoted=True)), "__vs_r")
    query.set("expressions", [number, *query.expressions])
    if not filtered:
        query.set("where", None)
    return query


def _hits(arguments: Arguments, plan: Plan) -> str:
    """The nearest neighbours of every query row; all of them when top_k is negative."""
    pairs = _every_pair(arguments, plan) if plan.key is None else _probed_pairs(arguments, plan)
    if arguments.top_k < 0:
        return f"SELECT __vs_p.*, row_number() OVER () AS __vs_rank FROM ({pairs}) AS __vs_p"
    nearest = "{'r': __vs_p.__vs_r, 'd': __vs_p.__vs_distance}"
    lists = (
        f"SELECT __vs_p.__vs_id, min_by({nearest}, __vs_p.__vs_distance, {arguments.top_k}) AS __vs_near "
        f"FROM ({pairs}) AS __vs_p GROUP BY __vs_p.__vs_id"
    )
    ranked = (
        "SELECT __vs_l.__vs_id, unnest(__vs_l.__vs_near) AS __vs_one, "
        f"generate_subscripts(__vs_l.__vs_near, 1) AS __vs_rank FROM ({lists}) AS __vs_l"
    )
    found = (
        "__vs_n.__vs_id, __vs_n.__vs_one.r AS __vs_r, __vs_n.__vs_one.d AS __vs_distance, __vs_n.__vs_rank"
    )
    return f"SELECT {found} FROM ({ranked}) AS __vs_n"


def _every_pair(arguments: Arguments, plan: Plan) -> str:
    """Every query row with every base row, and their distance."""
    return _compared(arguments, plan, "__vs_base AS __vs_s CROSS JOIN __vs_query AS __vs_q")


def _probed_pairs(arguments: Arguments, plan: Plan) -> str:
    """The same of the nearest rows in the probed lists, whose distances are known, and of rows in no list."""
    near = (
        "SELECT __vs_q.__vs_id, unnest(__vs_q.__vs_near.r) AS __vs_r, "
        "unnest(__vs_q.__vs_near.d) AS __vs_distance "
        "FROM __vs_query AS __vs_q CROSS JOIN __vs_all AS __vs_a WHERE NOT __vs_a.__vs_are_compared"
    )
    unlisted = (
        "SELECT unnest(__vs_l.__vs_others) AS __vs_r FROM __vs_look AS __vs_l "
        "UNION ALL SELECT __vs_b.__vs_r FROM __vs_base AS __vs_b CROSS JOIN __vs_all AS __vs_a "
        "WHERE __vs_a.__vs_are_compared"
    )
    # first the numbers alone: where there are none, no vector is read
    others = (
        "(SELECT __vs_b.* FROM __vs_base AS __vs_b "
        "WHERE __vs_b.__vs_r IN (SELECT __vs_u.__vs_r FROM __vs_unlisted AS __vs_u)) AS __vs_s "
        "CROSS JOIN __vs_query AS __vs_q"
    )
    return (
        "WITH __vs_all AS MATERIALIZED (SELECT count(*) > 0 AS __vs_are_compared FROM __vs_query AS __vs_q "
        "WHERE __vs_q.__vs_near IS NULL), "
        f"__vs_unlisted AS MATERIALIZED ({unlisted}) {near} UNION ALL {_compared(arguments, plan, others)}"
    )


def _compared(arguments: Arguments, plan: Plan, pairs: str) -> str:
    """The distances of pairs of __vs_s, a row of the base, and __vs_q."""
    vector = f"__vs_s.{_name(arguments.column)} AS __vs_v"
    compared = (
        "SELECT __vs_b.__vs_id, __vs_b.__vs_r, __vs_b.__vs_v, __vs_b.__vs_vector, "
        f"{_distance(arguments, plan)} AS __vs_distance FROM "
        f"(SELECT __vs_q.__vs_id, __vs_s.__vs_r, {vector}, __vs_q.__vs_vector FROM {pairs}) AS __vs_b"
    )
    return (
        f"SELECT __vs_c.__vs_id, __vs_c.__vs_r, {_checked(plan)} AS __vs_distance FROM ({compared}) AS __vs_c"
    )


def _distance(arguments: Arguments, plan: Plan) -> str:
    """The distance of a pair, or an error when their dimensions differ or are none."""
    mismatch = limits.DIMENSION_MISMATCH_VALUE.format(column=arguments.column)
    if arguments.query is not None:
        mismatch = limits.DIMENSION_MISMATCH.format(
            column=arguments.column, query_column=arguments.query_column
        )
    base, query = "coalesce(len(__vs_b.__vs_v), 0)", "len(__vs_b.__vs_vector)"
    distance = DISTANCES[plan.distance_type].format(base="__vs_b.__vs_v", query="__vs_b.__vs_vector")
    return f"CASE WHEN {base} = 0 OR {base} <> {query} THEN error({_text(mismatch)}) ELSE {distance} END"


def _checked(plan: Plan) -> str:
    """The distance, or an error where a zero vector has no direction (only then is it looked for)."""
    if plan.distance_type != "COSINE":
        return "__vs_c.__vs_distance"
    zero = " OR ".join(f"list_inner_product(__vs_c.{v}, __vs_c.{v}) = 0" for v in ("__vs_v", "__vs_vector"))
    return (
        f"CASE WHEN isnan(__vs_c.__vs_distance) THEN "
        f"CASE WHEN {zero} THEN error({_text(limits.ZERO_VECTOR)}) ELSE __vs_c.__vs_distance END "
        "ELSE __vs_c.__vs_distance END"
    )
