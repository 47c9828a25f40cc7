"""Statements that would be taken for something else, or handed to DuckDB as they are: not emulated."""

from local_bigquery.errors import BigQueryError
from local_bigquery.sql.rules import information_schema
from local_bigquery.sql.rules import tables as table_rules
from sqlglot import exp

from bqml_emulator.analyzer import missing
from bqml_emulator.core.config import LOCATION
from bqml_emulator.core.rules import statement_rules
from bqml_emulator.engine import database_files
from bqml_emulator.jobs import execution
from bqml_emulator.sql import qualified_names
from bqml_emulator.vector.arguments import VectorSearchCall

STATEMENTS = (  # of GoogleSQL, as sqlglot parses them; Command is what it leaves to us
    exp.Query,
    exp.Insert,
    exp.Update,
    exp.Delete,
    exp.Merge,
    exp.TruncateTable,
    exp.Create,
    exp.Alter,
    exp.Drop,
    exp.Export,
    exp.LoadData,
    exp.Grant,
    exp.Revoke,
    exp.Transaction,
    exp.Commit,
    exp.Rollback,
    exp.Command,
)
LANGUAGES = ("JS", "JAVASCRIPT", "SQL")
MISSING_VIEWS = frozenset(  # BQ/information-schema-intro, without those that exist here
    "ASSIGNMENTS ASSIGNMENT_CHANGES BI_CAPACITIES BI_CAPACITY_CHANGES CAPACITY_COMMITMENTS "
    "EFFECTIVE_PROJECT_OPTIONS CAPACITY_COMMITMENT_CHANGES INSIGHTS JOBS_BY_FOLDER JOBS_BY_ORGANIZATION "
    "JOBS_TIMELINE RECOMMENDATIONS JOBS_TIMELINE_BY_FOLDER JOBS_TIMELINE_BY_ORGANIZATION "
    "JOBS_TIMELINE_BY_PROJECT JOBS_TIMELINE_BY_USER OBJECT_PRIVILEGES ORGANIZATION_OPTIONS "
    "PROJECT_OPTIONS RESERVATIONS RESERVATION_CHANGES RESERVATIONS_TIMELINE SCHEMATA_LINKS "
    "SCHEMATA_REPLICAS SEARCH_INDEX_COLUMNS SESSIONS_BY_PROJECT SESSIONS_BY_USER SHARED_DATASET_USAGE "
    "STREAMING_TIMELINE STREAMING_TIMELINE_BY_PROJECT TABLE_STORAGE_BY_PROJECT TABLE_STORAGE_TIMELINE "
    "TABLE_STORAGE_USAGE_TIMELINE WRITE_API_TIMELINE WRITE_API_TIMELINE_BY_PROJECT".split()
)


def _not_emulated(what: str) -> BigQueryError:
    return BigQueryError("invalidQuery", f"not emulated: {what}")


def refuse_engine_statements(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: what GoogleSQL does not have (PRAGMA, COPY, USE, …) must not reach DuckDB."""
    if not isinstance(tree, STATEMENTS):
        raise _not_emulated(f"the statement {tree.sql(dialect='bigquery')[:40]}")
    return tree


def refuse(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: say what is missing before the statement is changed into anything else."""
    if isinstance(tree, exp.Command):
        written = f"{tree.name} {tree.text('expression')}"
        raise _not_emulated(missing.named_in(written) or " ".join(written.split()[:3]).upper())
    if not isinstance(tree, exp.Create) or tree.args.get("kind") != "SCHEMA":
        for table in tree.find_all(exp.Table):
            _refuse_view(table)
            _refuse_engine_database(table)
    return tree


def refuse_creation(tree: exp.Expression):
    """Say of a CREATE FUNCTION what is missing before anything of it is looked at."""
    if not isinstance(tree, exp.Create) or tree.args.get("kind") != "FUNCTION":
        return
    if tree.find(exp.RemoteWithConnectionModelProperty):
        raise _not_emulated("remote functions")
    language = tree.find(exp.LanguageProperty)
    if language and language.name.upper() not in LANGUAGES:
        raise _not_emulated(f"functions in LANGUAGE {language.name}")
    if tree.find(VectorSearchCall):
        raise _not_emulated("VECTOR_SEARCH in a function")


def _refuse_view(table: exp.Table):
    found = information_schema._view(table)
    if found is None:
        return
    view, _, scope = found
    if view in MISSING_VIEWS:
        raise _not_emulated(f"INFORMATION_SCHEMA.{view}")
    region = scope.lower().removeprefix("region-") if scope else ""
    if scope and scope.lower() != region and region != LOCATION.lower():
        raise _not_emulated(f"{scope}: everything is in location {LOCATION}")


def _refuse_engine_database(table: exp.Table):
    if table.catalog.casefold() in database_files.RESERVED and table.catalog.casefold() != "temp":
        raise table_rules._not_found(table.catalog, table.db, table.name)


def install():
    """Look at every statement first."""
    statement_rules.add(refuse, first=True)
    looks = (qualified_names.require_dataset,)
    execution.before_statement.add(refuse_engine_statements, before=looks, first=True)
