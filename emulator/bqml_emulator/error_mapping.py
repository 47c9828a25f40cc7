"""What errors say: reasons that were lost on the way through DuckDB, "not emulated" for what is missing."""

import sys

from local_bigquery import errors
from local_bigquery.catalog import routines
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import query
from local_bigquery.sql import dialect
from sqlglot.errors import ParseError

# How errors of our DuckDB functions begin; DuckDB hands them on as text only
REASONS = {"Access Denied:": "accessDenied", "Not found:": "notFound", "Cloud Storage ": "backendError"}

VOLATILE_WINDOW = "ORDER BY window expressions cannot be volatile"  # DuckDB's text

# What sqlglot's parser raises for some nonsense instead of its own ParseError
PARSER_SLIPS = (AttributeError, IndexError, KeyError, TypeError, ValueError)


def not_emulated(feature: str) -> BigQueryError:
    """The error for a function or API method that nobody has built (HTTP 501)."""
    return BigQueryError("notImplemented", f"not emulated: {feature}")


def _install_syntax_errors():
    """sqlglot's parser trips over some nonsense itself; that is still the statement's fault."""
    parser = dialect.BigQueryDialect.Parser
    parse = parser.parse

    def parse_or_refuse(self, raw_tokens, sql=None):
        try:
            return parse(self, raw_tokens, sql)
        except PARSER_SLIPS as error:
            raise ParseError(f"{error} in: {sql or ''}") from error

    parser.parse = parse_or_refuse


def install():
    """Correct the reasons derived from DuckDB messages, and the text for missing features."""
    original = errors.from_duckdb

    def from_duckdb(error, context=None, tree=None) -> BigQueryError:
        found = original(error, context, tree)
        if VOLATILE_WINDOW in found.message:
            return BigQueryError(
                "invalidQuery", "not emulated: RAND() and the like in the ORDER BY of a window"
            )
        for start, reason in REASONS.items():
            if found.message.startswith(start) and found.reason == "invalidQuery":
                return BigQueryError(reason, found.message)
        return found

    errors.from_duckdb = query.from_duckdb = from_duckdb
    _install_syntax_errors()
    app = sys.modules["local_bigquery.app"]  # local_bigquery.app itself is the FastAPI object
    for module in (errors, routines, dialect, app):
        module.not_implemented = not_emulated
