"""Columns of results have the types that the analyzer gives them, not those that DuckDB would choose.

The anonymous table of a result is new, so it is written without asking what is there.
"""

import duckdb
from local_bigquery.catalog import tables
from local_bigquery.engine import results
from local_bigquery.engine import types as engine_types
from local_bigquery.engine.database import quote
from local_bigquery.jobs import query
from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from bqml_emulator.analyzer import types
from bqml_emulator.jobs import execution


def typed(relation: duckdb.DuckDBPyRelation, sql: str) -> str:
    """The query of a relation, its columns as the analysis says; the same text where they are so already."""
    analysis = execution.current().analysis
    if not analysis or analysis.columns is None or len(relation.columns) != len(analysis.columns):
        return sql
    positions = _positions(relation)
    values = [
        _value(position, name, given, wanted)
        for position, name, given, (_, wanted) in zip(
            positions, relation.columns, relation.types, analysis.columns, strict=True
        )
    ]
    if values == positions:
        return sql
    select = ", ".join(
        f"{value} AS {quote(name)}" for value, name in zip(values, relation.columns, strict=True)
    )
    return f"SELECT {select} FROM ({sql}) AS q({', '.join(positions)})"


def _positions(relation: duckdb.DuckDBPyRelation) -> list[str]:
    return [f"c{index}" for index in range(len(relation.columns))]


def _value(position: str, name: str, given, wanted: TypeProto) -> str:
    target = engine_types.duckdb_type(types.field(name, wanted))
    if engine_types.normalised(given) == target:
        return position
    return f"CAST({position} AS {target})"


def _keep(cursor, sql: str, bound: dict, relation: duckdb.DuckDBPyRelation, table: str):
    """Run the query and keep its rows as a table; NULL in an array is an error."""
    positions, names = _positions(relation), results.unique(relation.columns)
    columns = ", ".join(
        f"{results._without_null_elements(engine_types.cast(position, kind), name, kind)} AS {quote(unique)}"
        for position, name, unique, kind in zip(
            positions, relation.columns, names, relation.types, strict=True
        )
    )
    rows = f"SELECT {columns} FROM ({sql}) AS q({', '.join(positions)})"
    cursor.execute(f"CREATE OR REPLACE TABLE {table} AS {rows}", bound)


def install():
    """Cast what is written as a result."""
    write = query._write

    def write_typed(cur, sql, bound, destination, config, isolated):
        reference, relation = tables.reference(destination), cur.sql(sql, params=bound)
        text = typed(relation, sql)
        if isolated or reference[1] != tables.RESULTS:
            return write(cur, text, bound, destination, config, isolated)
        relation = relation if text is sql else cur.sql(text, params=bound)
        described = tables.layout(relation.columns, config, config.writeDisposition or "WRITE_EMPTY")
        _keep(cur, text, bound, relation, tables.name(*reference))
        return tables.annotate(reference, described)

    query._write = write_typed
