"""BYTES inside of STRUCTs and arrays in tabledata.insertAll: base64, which is decoded at any depth.

Source: https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/insertAll (2026-08-22).
"""

from duckdb.sqltypes import DuckDBPyType
from local_bigquery.catalog import tabledata
from local_bigquery.engine.database import quote


def written(t: DuckDBPyType) -> str:
    """The type of a value as it is written in JSON."""
    if t.id == "list":
        return f"{written(t.children[0][1])}[]"
    if t.id == "struct":
        return f"STRUCT({', '.join(f'{quote(name)} {written(child)}' for name, child in t.children)})"
    return "VARCHAR" if str(t) in ("JSON", "BLOB") else str(t)


def read(value: str, t: DuckDBPyType, depth: int = 0) -> str:
    """DuckDB's expression for a value of that type from one that is written so."""
    if "BLOB" not in str(t) and "JSON" not in str(t):
        return value
    if t.id == "list":
        item = f"item_{depth}"
        return f"list_transform({value}, lambda {item}: {read(item, t.children[0][1], depth + 1)})"
    if t.id == "struct":
        fields = (
            f"{quote(name)}: {read(f'({value}).{quote(name)}', child, depth)}" for name, child in t.children
        )
        return f"CASE WHEN {value} IS NOT NULL THEN {{{', '.join(fields)}}} END"
    return f"from_base64({value})" if t.id == "blob" else f"CAST({value} AS JSON)"


def install():
    """Read rows by these rules."""
    tabledata._spec_type = written
    tabledata._select = lambda column, t: read(f"r.{column}", t)
