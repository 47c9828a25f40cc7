"""What BigQuery has, next to what is emulated, and this emulator has not: it says so, not "syntax error".

A statement that cannot be parsed or names an unknown function is looked through for the features below.
docs/emulation.md lists them; an entry goes when its feature comes.
"""

from collections.abc import Callable

from local_bigquery import errors
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import query
from local_bigquery.sql import script, translate

from bqml_emulator.analyzer import missing
from bqml_emulator.engine.error_mapping import not_emulated
from bqml_emulator.jobs import execution
from bqml_emulator.sql import script_values


def install():
    """Look at every syntax error and at every unknown function."""
    syntax_error, from_duckdb = errors.syntax_error, errors.from_duckdb

    def syntax_error_or_missing(error: Exception, sql: str) -> BigQueryError:
        if feature := missing.named_in(sql):
            return not_emulated(feature)
        return error if isinstance(error, BigQueryError) else syntax_error(error, sql)

    def from_duckdb_or_missing(error, context=None, tree=None) -> BigQueryError:
        found = from_duckdb(error, context, tree)
        if function := missing.function_in(found.message):
            return not_emulated(function)
        running = execution.current()  # DuckDB is handed what sqlglot cannot parse
        is_syntax = running and found.message.startswith("Syntax error")
        return syntax_error_or_missing(found, running.text) if is_syntax else found

    _replace("syntax_error", syntax_error_or_missing, errors, script, translate, script_values)
    _replace("from_duckdb", from_duckdb_or_missing, errors, query)


def _replace(name: str, function: Callable, *modules):
    for module in modules:
        setattr(module, name, function)
