"""Errors raised inside our DuckDB functions come back as text; give them their BigQuery reason again."""

from local_bigquery import errors
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import query

REASONS = {"Access Denied:": "accessDenied", "Not found:": "notFound", "Cloud Storage ": "backendError"}


def install():
    """Correct the reason that local-bigquery derives from DuckDB's message."""
    original = errors.from_duckdb

    def from_duckdb(error, context=None, tree=None) -> BigQueryError:
        found = original(error, context, tree)
        for start, reason in REASONS.items():
            if found.message.startswith(start) and found.reason == "invalidQuery":
                return BigQueryError(reason, found.message)
        return found

    errors.from_duckdb = query.from_duckdb = from_duckdb
