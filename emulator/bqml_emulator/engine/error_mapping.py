"""What errors say: reasons that were lost on the way through DuckDB, "not emulated" for what is missing."""

import re
import sys

from local_bigquery import errors
from local_bigquery.catalog import routines
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import query
from local_bigquery.sql import dialect
from local_bigquery.sql.rules import information_schema
from sqlglot import exp
from sqlglot.errors import ParseError

from bqml_emulator.engine import engine_errors, full_disk

# How errors of our DuckDB functions begin; DuckDB hands them on as text only
REASONS = {"Access Denied:": "accessDenied", "Not found:": "notFound", "Cloud Storage ": "backendError"}

# What sqlglot's parser raises for some nonsense instead of its own ParseError
MISSING_PART = re.compile(r"Required keyword: '\w+' missing for <class '[\w.]*\.(\w+)'>")  # sqlglot's words
TOKEN = re.compile(r"<Token token_type: [^,]*, text: (.*?), line: .*?>")
PARSER_SLIPS = (AttributeError, IndexError, KeyError, TypeError, ValueError)


def not_emulated(feature: str) -> BigQueryError:
    """The error for a function or API method that nobody has built (HTTP 501)."""
    return BigQueryError("notImplemented", f"not emulated: {feature}")


def unqualified(kind: str, name: str) -> BigQueryError:
    """The error for a name without dataset where there is no default one."""
    return BigQueryError(
        "invalid", f'{kind} "{name}" must be qualified with a dataset (e.g. dataset.{kind.lower()}).'
    )


def _is_unmapped(message: str) -> bool:
    """Whether local-bigquery hands on DuckDB's own text; errors of our functions say it all."""
    known = [errors.UDF_ERROR, *(pattern for pattern, _, _ in errors.DUCKDB_ERRORS)]
    return not any(pattern.search(message.split("\n")[0]) for pattern in known)


def _reads_information_schema(tree: exp.Expression | None) -> bool:
    return tree is not None and any(information_schema._view(table) for table in tree.find_all(exp.Table))


def _install_syntax_errors():
    """sqlglot's parser trips over some nonsense itself; that is still the statement's fault."""
    parser = dialect.BigQueryDialect.Parser
    parse = parser.parse

    def parse_or_refuse(self, raw_tokens, sql=None):
        try:
            return parse(self, raw_tokens, sql)
        except PARSER_SLIPS as error:
            raise ParseError(f"{error} in: {sql or ''}") from error
        except ParseError as error:
            for detail in error.errors:
                text = MISSING_PART.sub(r"Incomplete \1", detail["description"])
                detail["description"] = TOKEN.sub(r"\1", text)
            raise

    parser.parse = parse_or_refuse


def install():
    """Correct the reasons derived from DuckDB messages, and the text for missing features."""
    original = errors.from_duckdb

    def from_duckdb(error, context=None, tree=None) -> BigQueryError:
        if full := full_disk.as_error(error):
            return full
        found = original(error, context, tree)
        if _is_unmapped(str(error)):
            found = BigQueryError(found.reason, engine_errors.reworded(error, found))
        elif not errors.UDF_ERROR.search(str(error)):
            found = BigQueryError(found.reason, engine_errors.tidy(found.message))
        if found.message.startswith("Unrecognized name: ") and _reads_information_schema(tree):
            text = f"not emulated, or no column of an INFORMATION_SCHEMA view: {found.message}"
            found = BigQueryError("invalidQuery", text)
        for start, reason in REASONS.items():
            if found.message.startswith(start) and found.reason == "invalidQuery":
                return BigQueryError(reason, found.message)
        return found

    errors.from_duckdb = query.from_duckdb = from_duckdb
    _install_syntax_errors()
    app = sys.modules["local_bigquery.app"]  # local_bigquery.app itself is the FastAPI object
    for module in (errors, routines, dialect, app):
        module.not_implemented = not_emulated
