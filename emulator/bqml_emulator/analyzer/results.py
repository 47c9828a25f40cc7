"""Columns of results have the types that the analyzer gives them, not those that DuckDB would choose."""

import duckdb
from local_bigquery.engine import types as engine_types
from local_bigquery.engine.database import quote
from local_bigquery.jobs import query
from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from bqml_emulator.analyzer import types
from bqml_emulator.jobs import execution


def typed(cursor: duckdb.DuckDBPyConnection, sql: str, bound: dict) -> str:
    """The query with its columns as the analysis says; the same text where they are so already."""
    analysis = execution.current().analysis
    if not analysis or analysis.columns is None:
        return sql
    relation = cursor.sql(sql, params=bound)
    if len(relation.columns) != len(analysis.columns):
        return sql
    positions = [f"c{index}" for index in range(len(relation.columns))]
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


def _value(position: str, name: str, given, wanted: TypeProto) -> str:
    target = engine_types.duckdb_type(types.field(name, wanted))
    if engine_types.normalised(given) == target:
        return position
    return f"CAST({position} AS {target})"


def install():
    """Cast what is written as a result."""
    write = query._write

    def write_typed(cur, sql, bound, destination, config, isolated):
        write(cur, typed(cur, sql, bound), bound, destination, config, isolated)

    query._write = write_typed
