"""CALL BQ.REFRESH_EXTERNAL_METADATA_CACHE('dataset.table').

Source: https://docs.cloud.google.com/bigquery/docs/reference/system-procedures (2026-08-22).
"""

from local_bigquery.catalog import names
from local_bigquery.errors import BigQueryError, not_found
from local_bigquery.sql.script import Interpreter, Statement

from bqml_emulator.analyzer import door
from bqml_emulator.core import limits
from bqml_emulator.jobs import execution, locations
from bqml_emulator.objects import connections, listing, object_tables

PROCEDURE = "BQ.REFRESH_EXTERNAL_METADATA_CACHE"


def refresh(keys: tuple[str, str, str]):
    """List the objects of a table whose cache is refreshed by hand; BigQueryError for any other table."""
    table = object_tables.load(keys)
    if table is None:
        raise not_found("External table", names.label(*keys))
    source = table.externalDataConfiguration
    if source.metadataCacheMode != "MANUAL":
        message = limits.CACHE_NOT_MANUAL.format(
            procedure=PROCEDURE, table=names.label(*keys), mode=source.metadataCacheMode or "unset"
        )
        raise BigQueryError("invalidQuery", message)
    connection = connections.Connection(*source.connectionId.rsplit(".", 2))
    object_tables.check_access(connection, source.sourceUris, "use")
    listing.refresh(keys, source.sourceUris)


def _call(interpreter: Interpreter, statement: Statement):
    if len(statement.items) != 1:
        raise BigQueryError(
            "invalidQuery", f"not emulated: {PROCEDURE} with anything but the name of one table"
        )
    [(argument, _)] = statement.items
    keys = interpreter.reference(str(interpreter.evaluate(argument)))
    locations.check(keys[0], keys[1], _named(interpreter))
    refresh(keys)


def _named(interpreter: Interpreter) -> list[tuple[str, str]]:
    """Project and dataset of the tables that the job names."""
    paths = (".".join(path).split(".") for path in door.tables(execution.current().text))
    return [
        (path[-3] if path[2:] else interpreter.context.project_id, path[-2]) for path in paths if path[1:]
    ]


def install():
    """Know one more system procedure."""
    call = Interpreter.call

    def call_any(self, statement):
        return _call(self, statement) if statement.text.upper() == PROCEDURE else call(self, statement)

    Interpreter.call = call_any
