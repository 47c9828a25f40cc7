"""Every statement is analysed by Google's analyzer before anything of it runs.

What it refuses is refused, with its message and position in BigQuery's error shape.
"""

import collections
import itertools
import logging
import re
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import duckdb
from local_bigquery.catalog import routines
from local_bigquery.engine import types as engine_types
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.translate import Context
from wasmtime import Trap
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as messages
from zetasql.wasi._pb2.zetasql.proto import options_pb2
from zetasql.wasi._pb2.zetasql.proto.function_pb2 import FunctionProto, TableValuedFunctionProto
from zetasql.wasi._pb2.zetasql.public import options_pb2 as public
from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from bqml_emulator.analyzer import catalog, functions, language, missing, names, types
from bqml_emulator.analyzer.functions import Mask
from bqml_emulator.analyzer.names import Path, Words
from bqml_emulator.analyzer.wasm import Refusal
from bqml_emulator.engine import catalog_lookups
from bqml_emulator.engine.error_mapping import not_emulated, unqualified
from bqml_emulator.jobs import execution

INVALID_ARGUMENT, NOT_FOUND, UNIMPLEMENTED = 3, 5, 12  # absl::StatusCode
NOT_BLANK = re.compile(r"[^\n]")
BOUND = re.compile(r"\$(\w+)")  # values in DuckDB's SQL
POSITION = re.compile(r"\[at (\d+):(\d+)\]")
SYSTEM_VARIABLES = {  # BQ/system-variables
    "current_job_id": "STRING",
    "dataset_id": "STRING",
    "dataset_project_id": "STRING",
    "error.formatted_stack_trace": "STRING",
    "error.message": "STRING",
    "error.statement_text": "STRING",
    "last_job_id": "STRING",
    "location": "STRING",
    "project_id": "STRING",
    "query_label": "STRING",
    "reservation": "STRING",
    "row_count": "INT64",
    "script.bytes_billed": "INT64",
    "script.bytes_processed": "INT64",
    "script.creation_time": "TIMESTAMP",
    "script.job_id": "STRING",
    "script.num_child_jobs": "INT64",
    "script.slot_ms": "INT64",
    "session_id": "STRING",
    "time_zone": "STRING",
}
SAID_OTHERWISE = (  # for these BigQuery has words of its own, which what runs the statement knows
    "Non-path index key expression for CREATE INDEX",
    "Table not found: ",
)
KEPT = 1024  # analyses that are remembered
log = logging.getLogger(__name__)
_done: collections.OrderedDict[tuple, "Analysis"] = collections.OrderedDict()
# Temporary functions live as long as the connection of the job, or of its session
_temporary: weakref.WeakKeyDictionary[duckdb.DuckDBPyConnection, dict[str, FunctionProto]] = (
    weakref.WeakKeyDictionary()
)


@dataclass(frozen=True)
class Analysis:
    """What the analyzer says of a statement: columns of its result, or what it makes."""

    columns: tuple[tuple[str, TypeProto], ...] | None = None
    created: tuple[TypeProto, ...] | None = None  # of CREATE TABLE AS, the types of the columns
    function: FunctionProto | None = None
    table_function: TableValuedFunctionProto | None = None


def refused(sql: str, error: Refusal, masks: Iterable[Mask] = ()) -> BigQueryError:
    """The analyzer's refusal as BigQuery reports it, or what is missing here."""
    message = POSITION.sub(r"at [\1:\2]", error.message)
    if feature := missing.named_in(sql) or missing.function_in(message) or missing.view_in(sql, message):
        return not_emulated(feature)
    for mask in masks:
        message = message.replace(mask.read, mask.written)
    return BigQueryError("invalidQuery", message)


def check_syntax(script: str):
    """Refuse a script that cannot be parsed, before any of it runs."""
    if not language.is_on():
        return
    try:
        names.tables(script)
    except Refusal as error:
        raise refused(script, error) from None


def tables(script: str) -> tuple[Path, ...]:
    """Paths of the tables that a script names; none where statements are not analysed."""
    return names.tables(script) if language.is_on() else ()


def check_expression(sql: str, context: Context):
    """Refuse an expression of a script that cannot be evaluated."""
    _checked(sql, f"SELECT {sql}", context, is_expression=True)


def check(sql: str, context: Context) -> Analysis | None:
    """Analyse one statement as it would run now.

    Parts of a script keep their place in it, which is told with each error. None where it names a table that
    is not there: what runs it says so, in the words for each kind.
    """
    return _checked(sql, sql, context, is_expression=False)


def remember(name: str, analysis: Analysis | None):
    """A temporary function has been made."""
    if analysis and analysis.function:
        _temporary.setdefault(execution.current().cursor, {})[name.casefold()] = analysis.function


@catalog_lookups.asking_once
def _checked(sql: str, statement: str, context: Context, is_expression: bool) -> Analysis | None:
    if not language.is_on():
        return None
    text = located(sql)
    try:
        made, masks = _catalog(text, names.tables(statement), context)
        return made and _analysed(text, made, masks, context, is_expression)
    except Refusal as error:
        raise refused(sql, error) from None
    except Trap:
        log.exception("the analyzer failed on %s", sql)
        language.forget_service()
        catalog.forget()
        return None


def located(sql: str) -> str:
    """A part of the job's text behind blanks for what comes before it: positions are those of the job."""
    whole = execution.current().text
    start = whole.find(sql)
    return sql if start < 1 else NOT_BLANK.sub(" ", whole[:start]) + sql


def _analysed(
    sql: str, made: catalog.Catalog, masks: list[Mask], context: Context, is_expression: bool
) -> Analysis:
    options = _options(sql, context)
    key = (sql, options.SerializeToString(deterministic=True), made.key())
    if found := _done.get(key):
        return found
    masked = sql
    for mask in masks:
        masked = masked[: mask.start] + mask.read + masked[mask.start + len(mask.read) :]
    request = messages.AnalyzeRequest(options=options)
    setattr(request, "sql_expression" if is_expression else "sql_statement", masked)
    try:
        answer = made.analyze(request)
    except Refusal as error:
        if error.message.startswith(SAID_OTHERWISE) and not missing.named_in(sql):
            return Analysis()
        if error.code != INVALID_ARGUMENT:
            log.warning("not analysed: %s (%s)", error.message, error.code)
            return Analysis()
        raise refused(sql, error, masks) from None
    found = _done[key] = _analysis(answer)
    if len(_done) > KEPT:
        _done.popitem(last=False)
    return found


def _analysis(answer: messages.AnalyzeResponse) -> Analysis:
    statement = answer.resolved_statement
    match statement.WhichOneof("node"):
        case "resolved_query_stmt_node":
            outputs = statement.resolved_query_stmt_node.output_column_list
            return Analysis(tuple((output.name, output.column.type) for output in outputs))
        case "resolved_create_statement_node":
            created = statement.resolved_create_statement_node
            match created.WhichOneof("node"):
                case "resolved_create_function_stmt_node":
                    return Analysis(function=functions.made(created.resolved_create_function_stmt_node))
                case "resolved_create_table_function_stmt_node":
                    found = created.resolved_create_table_function_stmt_node
                    return Analysis(table_function=functions.made_table_function(found))
                case "resolved_create_table_stmt_base_node":
                    made = created.resolved_create_table_stmt_base_node
                    outputs = made.resolved_create_table_as_select_stmt_node.output_column_list
                    return Analysis(created=tuple(output.column.type for output in outputs))
    return Analysis()


def _catalog(sql: str, tables: Iterable[Path], context: Context) -> tuple[catalog.Catalog | None, list[Mask]]:
    made, words = catalog.Catalog(), names.words(sql)
    if not _add_tables(made, tables, words, context):
        return None, []
    for path in words.connections:
        made.add_connection(path)
    masks = [*default_connections(words)]
    if masks:
        made.add_connection((masks[0].read.strip("`"),))
    for declared in (found for known in functions.table_functions for found in known(sql, words, context)):
        made.add_table_function(declared.path, declared.function)
        masks += declared.masks
    for path in words.functions:
        _add_function(made, path, context)
    for name, table in context.variables.items():
        if name in words.single:
            kind = execution.current().cursor.sql(f"FROM {table}").types[0]
            made.add_constant(name, types.of_field(engine_types.field(name, kind)))
    return made, masks


def _add_tables(made: catalog.Catalog, tables: Iterable[Path], words: Words, context: Context) -> bool:
    """Add the tables that are named; whether all are there that are read or written."""
    known: dict[Path, object] = {}
    for path in {*tables, *words.targets}:
        if columns := catalog.columns(path, context, execution.current().cursor):
            folded = tuple(part.casefold() for part in path)
            if known.get(folded) != columns:  # one table, written in two ways
                made.add_table(path, *columns)
            known[folded] = columns
        elif path in tables:
            if context.dataset_id is None and "." not in ".".join(path):
                raise unqualified("Table", path[0])  # DuckDB must not look for it among its own
            return False
    return True


def default_connections(words: Words) -> Iterator[Mask]:
    """WITH CONNECTION DEFAULT: the keyword stands for a connection that the service makes."""
    for before, token in itertools.pairwise(words.tokens):
        if before.text.upper() == "CONNECTION" and token.text.upper() == "DEFAULT":
            yield Mask(token.start, token.text, "`deflt`")


def _add_function(made: catalog.Catalog, path: Path, context: Context):
    if found := functions.own().get(tuple(part.upper() for part in path)):
        made.add_function(path, found)
        return
    parts = ".".join(path).split(".")
    if len(parts) == 1:
        known = _temporary.get(execution.current().cursor, {})
        if temporary := known.get(parts[0].casefold()):
            made.add_function(path, temporary)
        return
    project = parts[0] if len(parts) > 2 else context.project_id
    routine = routines.load(project, *parts[-2:])
    if routine and routine.routineType != "PROCEDURE":
        analysis = check(routines.statement(routine, replace=True), Context(project, parts[-2]))
        if analysis and analysis.function:
            made.add_function(path, analysis.function)
        elif analysis and analysis.table_function:
            made.add_table_function(path, analysis.table_function)


def _options(sql: str, context: Context) -> options_pb2.AnalyzerOptionsProto:
    options = options_pb2.AnalyzerOptionsProto(
        default_timezone="UTC", error_message_mode=public.ERROR_MESSAGE_ONE_LINE
    )
    options.language_options.CopyFrom(language.options())
    _add_parameters(options, sql, context)
    for name, kind in SYSTEM_VARIABLES.items():
        options.system_variables.add(name_path=name.split("."), type=types.simple(kind))
    return options


def _add_parameters(options: options_pb2.AnalyzerOptionsProto, sql: str, context: Context):
    """Types of the query parameters, as DuckDB will see them."""
    words = names.words(sql)
    for name, expression in context.parameters.items():
        if "?" not in words.single and name.lower() not in words.single:
            continue
        bound = {key: context.values[key] for key in BOUND.findall(expression) if key in context.values}
        kind = execution.current().cursor.sql(f"SELECT {expression}", params=bound).types[0]
        proto = types.of_field(engine_types.field(name, kind))
        if "?" in words.single:
            options.positional_query_parameters.append(proto)
        else:
            options.query_parameters.add(name=name, type=proto)
    if options.positional_query_parameters:
        options.parameter_mode = public.PARAMETER_POSITIONAL
