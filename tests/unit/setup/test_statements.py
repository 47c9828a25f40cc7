"""Example values: every statement has all its parameters, with the types that the DAGs give them."""

from pathlib import Path

import pytest

from tests.sql.zetasql_support import parse
from tests.unit.fakes import collection_with
from vitrine.setup import statements

MET = collection_with()


def test_no_statement_is_left_out():
    folder = Path(MET.sql_dir)
    files = {str(path.relative_to(folder)) for path in folder.rglob("*.sql")}
    parts = {name for name in files if "/parts/" in name}
    assert set(statements.names(MET)) == files - parts
    assert len(files - parts) > 50


@pytest.mark.parametrize("name", statements.names(MET))
def test_every_statement_is_sql(name):
    parse(statements.statement(MET, name)["query"]["query"])


def test_the_types_are_those_that_the_dags_give(dagbag):
    compared = set()
    for dag in dagbag.dags.values():
        for task in dag.tasks:
            fields = (getattr(task, name, None) for name in vars(task))
            for job in (field for field in fields if isinstance(field, dict) and "query" in field):
                sql = job["query"]["query"]
                for given in job["query"].get("queryParameters", ()):
                    example = statements.parameter(sql, given["name"])
                    assert example["parameterType"] == given["parameterType"], (sql, given["name"])
                    compared.add(given["name"])
    assert len(compared) > 30


@pytest.mark.parametrize(
    ("sql", "read"),
    [
        ("OPTIONS (endpoint = 'multimodalembedding@001')", []),
        ("SELECT 'me@home', \"it's @b\", @c, @@error.message", ["c"]),
        ("-- @a: Google's\nSELECT @b", ["b"]),
    ],
)
def test_an_at_sign_in_a_literal_or_comment_is_no_parameter(monkeypatch, sql, read):
    monkeypatch.setattr(statements, "render_statement", lambda *_, **__: sql)
    job = statements.statement(MET, "setup/a.sql")
    assert [one["name"] for one in job["query"].get("queryParameters", [])] == read
