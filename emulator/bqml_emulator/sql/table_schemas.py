"""What a load job's schema and a copied table say about columns, which DuckDB's CREATE TABLE AS loses."""

from local_bigquery.catalog import tables
from local_bigquery.engine import database
from local_bigquery.engine.database import quote
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import copy, load, runner
from local_bigquery.models import TableFieldSchema

from bqml_emulator.sql import column_defaults


def _required(fields: list[TableFieldSchema] | None) -> list[str]:
    return [field.name for field in fields or [] if field.mode == "REQUIRED"]


def _require(reference: tuple[str, str, str], columns: list[str]):
    for column in columns:
        database.execute(f"ALTER TABLE {tables.name(*reference)} ALTER {quote(column)} SET NOT NULL")


def _check(cur, query: str, columns: list[str]):
    """Refuse rows without a value that the schema requires, before a table is made of them."""
    for column in columns:
        if cur.sql(f"SELECT 1 FROM ({query}) WHERE {quote(column)} IS NULL LIMIT 1").fetchall():
            raise BigQueryError("invalid", f"Required field {column} cannot be null")


def _makes(reference: tuple[str, str, str], config) -> bool:
    return config.writeDisposition == "WRITE_TRUNCATE" or not database.objects(*tables.physical(*reference))


def _write_with_modes(write):
    def write_with_modes(cur, query, params, reference, config, *arguments, **options):
        schema = getattr(config, "schema_", None)
        makes = bool(schema) and _makes(reference, config)
        required = _required(schema.fields) if makes else []
        _check(cur, query, required)
        made = write(cur, query, params, reference, config, *arguments, **options)
        _require(reference, required)
        return made or makes

    return write_with_modes


def _copy_with_schema(run):
    def copy_with_schema(cur, config, upload):
        target = tables.reference(config.destinationTable)
        makes = _makes(target, config) and config.operationType not in copy.CLONES
        statistics = run(cur, config, upload)
        if makes:
            project_id, dataset_id, name = tables.reference((config.sourceTables or [config.sourceTable])[0])
            source = tables.load(project_id, dataset_id, name.partition("@")[0])  # table@time
            tables.annotate(target, source.only("schema", *tables.LAYOUT))
            _require(target, _required(tables.fields(source)))
            column_defaults.write(target, tables.fields(source))
        return statistics

    return copy_with_schema


def _reader_of_empty(reader):
    def reader_of_empty(cur, files, config, fields):
        found = reader(cur, files, config, fields)
        reference = tables.reference(config.destinationTable)
        is_text = (config.sourceFormat or "CSV") in load.TEXT_FORMATS
        if fields or not is_text or not database.objects(*reference):
            return found
        is_empty = not cur.sql(f"SELECT 1 FROM {found} LIMIT 1").fetchall()
        return f"(FROM {tables.name(*reference)} LIMIT 0)" if is_empty else found

    return reader_of_empty


def install():
    """Keep REQUIRED when a load job makes a table, schema and layout when a copy job does, and the columns of
    a table into which a file without rows is loaded, from which none can be detected.
    """
    load._reader = _reader_of_empty(load._reader)
    tables.write = _write_with_modes(tables.write)
    runner.HANDLERS["copy"] = _copy_with_schema(runner.HANDLERS["copy"])
