"""Stands in for local-bigquery's `tests/cases.py`, of which the patches' tests use these four."""

import contextlib
import uuid

import pytest


def unique(prefix: str) -> str:
    """A name that nothing else has."""
    return f"{prefix}_{uuid.uuid4().hex}"


def run(bq, sql: str):
    """Run a statement to its end."""
    return bq.query_and_wait(sql)


def rows(bq, sql: str) -> list[tuple]:
    """The rows of a query."""
    return [tuple(row.values()) for row in bq.query_and_wait(sql)]


@contextlib.contextmanager
def fails(kind: type[Exception], reason: str):
    """Within this block an error of that kind is raised, for that reason."""
    with pytest.raises(kind) as raised:
        yield
    assert raised.value.errors[0]["reason"] == reason
