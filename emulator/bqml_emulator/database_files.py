"""Plain DuckDB files instead of local-bigquery's DuckLake, whose extension would have to be downloaded.

What DuckLake gave and plain files do not is time travel; `FOR SYSTEM_TIME AS OF` is therefore refused.
"""

import functools
import logging
from collections.abc import Callable

import duckdb
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError
from local_bigquery.settings import settings
from local_bigquery.sql import native
from local_bigquery.sql.rules import STATEMENT_RULES
from sqlglot import exp

MEMORY = "2GiB"  # that DuckDB may use, the rest is on the disk; without a limit it takes 80 % of the machine
SUFFIX = ".project.duckdb"
on_connect: list[Callable[[duckdb.DuckDBPyConnection], None]] = []  # tables and functions of other modules
on_attach: list[Callable[[duckdb.DuckDBPyConnection, str], None]] = []  # the same for each project's file
log = logging.getLogger(__name__)


def _literal(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


@functools.cache
def connect() -> duckdb.DuckDBPyConnection:
    """Open every file of the data folder in one DuckDB instance (replaces `database._connect`)."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    con.execute("SET GLOBAL TimeZone = 'UTC'")
    con.execute(f"SET GLOBAL memory_limit = '{MEMORY}'")
    con.execute(f"SET GLOBAL temp_directory = {_literal(settings.data_dir / 'spilled')}")
    con.execute(f"ATTACH {_literal(settings.data_dir / 'emulator.duckdb')} AS emulator")
    con.execute(database.EMULATOR_SCHEMA)
    con.execute("ATTACH ':memory:' AS bq")
    native.register(con)
    _create_macros(con)
    for register in on_connect:
        register(con)
    stored = {path.name.removesuffix(SUFFIX) for path in settings.data_dir.glob(f"*{SUFFIX}")}
    for project_id in stored | {settings.default_project_id}:
        attach(con, project_id)
    return con


def _create_macros(con: duckdb.DuckDBPyConnection):
    for path in database.FUNCTIONS:
        try:
            con.execute(database.MACRO.sub(r"CREATE MACRO bq.main.\1", path.read_text()))
        except duckdb.Error as error:  # geography.sql needs DuckDB's spatial extension: a download
            log.debug("not emulated: the functions of %s (%s)", path.name, error)


def attach(con: duckdb.DuckDBPyConnection, project_id: str):
    """Open (or create) the file of one project (replaces `database._attach`)."""
    path = settings.data_dir / f"{project_id}{SUFFIX}"
    con.execute(f"ATTACH IF NOT EXISTS {_literal(path)} AS {database.quote(project_id)}")
    for register in on_attach:
        register(con, project_id)
    database._attached.add(project_id)


def refuse_time_travel(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: say plainly that older versions of a table are not kept."""
    if any(table.args.get("version") for table in tree.find_all(exp.Table)):
        raise BigQueryError("invalidQuery", "not emulated: FOR SYSTEM_TIME AS OF")
    return tree


def install():
    """Make local-bigquery keep its data in plain DuckDB files."""
    database._connect = connect
    database._attach = attach
    database.projects = lambda: sorted(database._attached)
    STATEMENT_RULES.insert(0, refuse_time_travel)
