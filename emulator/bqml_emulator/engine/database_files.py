"""Plain DuckDB files instead of local-bigquery's DuckLake, whose extension would have to be downloaded.

SQL reaches the tables in them and nothing else: DuckDB is locked before the first statement of a client. It
may then touch its own files and two folders, of projects that come later and of what load and export jobs
exchange with the storage; it loads no extension, opens no address, and its settings cannot be changed.

What DuckLake gave and plain files do not is earlier versions of tables: see jobs.time_travel.
"""

import functools
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError
from local_bigquery.settings import settings
from local_bigquery.sql import native

MEMORY = "2GiB"  # that DuckDB may use, the rest is on the disk; without a limit it takes 80 % of the machine
SUFFIX = ".project.duckdb"
on_connect: list[Callable[[duckdb.DuckDBPyConnection], None]] = []  # tables and functions of other modules
on_attach: list[Callable[[duckdb.DuckDBPyConnection, str], None]] = []  # the same for each project's file
# https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview (2026-11-26). The last one locks.
LOCK = (
    "SET GLOBAL allow_community_extensions = false",
    "SET GLOBAL autoinstall_known_extensions = false",
    "SET GLOBAL autoload_known_extensions = false",
    "SET GLOBAL allow_persistent_secrets = false",
    "SET GLOBAL python_enable_replacements = false",  # a table's name must not find a variable of ours
    "SET GLOBAL allowed_directories = [{folders}]",
    "SET GLOBAL enable_external_access = false",
    "SET GLOBAL lock_configuration = true",
)
RESERVED = ("bq", "emulator", "memory", "system", "temp")  # DuckDB's names for what is nobody's project
paths: dict[str, Path] = {}  # of the databases
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
    paths["emulator"] = settings.data_dir / "emulator.duckdb"
    con.execute(f"ATTACH {_literal(paths['emulator'])} AS emulator")
    con.execute(database.EMULATOR_SCHEMA)
    con.execute("ATTACH ':memory:' AS bq")
    native.register(con)
    _create_macros(con)
    for register in on_connect:
        register(con)
    stored = [*settings.data_dir.glob(f"*{SUFFIX}"), *_later_projects().glob(f"*{SUFFIX}")]
    _attach(con, settings.default_project_id, _path(settings.data_dir, settings.default_project_id))
    for path in stored:
        _attach(con, path.name.removesuffix(SUFFIX), path)
    _lock(con)
    return con


def exchange() -> Path:
    """The folder of files that load and export jobs read and write; local-bigquery names it."""
    return settings.data_dir / "uploads"


def _later_projects() -> Path:
    return settings.data_dir / "projects"


def _path(folder: Path, project_id: str) -> Path:
    return folder / f"{project_id}{SUFFIX}"


def _lock(con: duckdb.DuckDBPyConnection):
    shutil.rmtree(exchange(), ignore_errors=True)  # of jobs that died with the last process
    folders = exchange(), _later_projects()
    for folder in folders:
        folder.mkdir(exist_ok=True)
    for statement in LOCK:
        con.execute(statement.format(folders=", ".join(map(_literal, folders))))


def _create_macros(con: duckdb.DuckDBPyConnection):
    for path in database.FUNCTIONS:
        try:
            con.execute(database.MACRO.sub(r"CREATE MACRO bq.main.\1", path.read_text()))
        except duckdb.Error as error:  # geography.sql needs DuckDB's spatial extension: a download
            log.debug("not emulated: the functions of %s (%s)", path.name, error)


def attach(con: duckdb.DuckDBPyConnection, project_id: str):
    """Open (or create) the file of one project (replaces `database._attach`)."""
    if project_id in RESERVED:
        raise BigQueryError("invalid", f"Invalid project ID: {project_id} is a name of the emulator's own")
    _attach(con, project_id, _path(_later_projects(), project_id))


def attach_again(name: str):
    """Open a database that was detached; duckdb.Error while the old one is still in use."""
    with database.cursor() as cursor:
        cursor.execute(f"ATTACH IF NOT EXISTS {_literal(paths[name])} AS {database.quote(name)}")


def _attach(con: duckdb.DuckDBPyConnection, project_id: str, path: Path):
    paths[project_id] = path
    con.execute(f"ATTACH IF NOT EXISTS {_literal(path)} AS {database.quote(project_id)}")
    for register in on_attach:
        register(con, project_id)
    database._attached.add(project_id)


def install():
    """Make local-bigquery keep its data in plain DuckDB files."""
    database._connect = connect
    database._attach = attach
    database.projects = lambda: sorted(database._attached)
