"""Tables made without a schema (`create_table("ds.t")`): their first rows bring it.

local-bigquery keeps only the resource of such a table and takes the DuckDB table for granted when rows come.
"""

import duckdb
from local_bigquery.catalog import names, tabledata, tables
from local_bigquery.engine import results
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.rules import tables as table_rules

from bqml_emulator.core import limits


def is_schemaless(reference: tuple[str, str, str]) -> bool:
    """True for a table that exists and has no columns yet."""
    found = tables._lookup(*reference)
    return found is not None and found[0] == "EMPTY"


def _has_columns(cur: duckdb.DuckDBPyConnection, name: str) -> bool:
    try:
        cur.sql(f"SELECT * FROM {name} LIMIT 0")
    except duckdb.CatalogException:
        return False
    return True


def _install_first_rows():
    """Load, query and copy jobs make the columns of a table that has none."""
    write, evolve, materialise = tables.write, tables.evolve, results.materialise

    def write_first_rows(cur, sql, params, reference, config, default="WRITE_EMPTY", *args, **options):
        first = is_schemaless(reference)
        if first and (config.writeDisposition or default) == "WRITE_EMPTY":
            config = config.replace(writeDisposition="WRITE_APPEND")
        return write(cur, sql, params, reference, config, default, *args, **options) or first

    def evolve_columns(cur, reference, *arguments):
        if not is_schemaless(reference):
            evolve(cur, reference, *arguments)

    def materialise_first_rows(cur, sql, name, params=None, append=False, writer=None):
        materialise(cur, sql, name, params, append and _has_columns(cur, name), writer)

    tables.write, tables.evolve = write_first_rows, evolve_columns
    results.materialise = materialise_first_rows


def _install_reads():
    """Until then it has no rows, is not queried and takes no streaming inserts."""
    list_rows, insert_all, not_found = tabledata.list_rows, tabledata.insert_all, table_rules._not_found

    def list_no_rows(project_id, dataset_id, table_id, *arguments):
        if is_schemaless((project_id, dataset_id, table_id)):
            return results.Page([], 0, None), []
        return list_rows(project_id, dataset_id, table_id, *arguments)

    def insert_no_rows(project_id, dataset_id, table_id, body):
        if is_schemaless((project_id, dataset_id, table_id)):
            raise BigQueryError("invalid", limits.STREAMED_WITHOUT_SCHEMA)
        return insert_all(project_id, dataset_id, table_id, body)

    def not_found_or_bare(*reference):
        if is_schemaless(reference):
            table = names.label(*reference)
            return BigQueryError("invalid", limits.QUERIED_WITHOUT_SCHEMA.format(table=table))
        return not_found(*reference)

    tabledata.list_rows, tabledata.insert_all = list_no_rows, insert_no_rows
    table_rules._not_found = not_found_or_bare


def install():
    """Let a table without schema be what it is: empty until a job writes into it."""
    _install_first_rows()
    _install_reads()
