"""What the vector modules rely on inside local-bigquery and sqlglot: red when a new version changes it."""

import inspect

import pytest
from local_bigquery.catalog import indexes, metadata, row_access, tables
from local_bigquery.errors import STATUSES
from local_bigquery.jobs import query
from local_bigquery.sql.dialect import BigQueryDialect
from local_bigquery.sql.rules import STATEMENT_RULES, information_schema
from local_bigquery.sql.rules.tables import resolve
from local_bigquery.sql.script import Interpreter, Statement
from local_bigquery.sql.translate import Context, parse, translate
from sqlglot import exp

from bqml_emulator.vector import arguments, catalog, index
from bqml_emulator.vector.arguments import VectorSearchCall

SIZED = (information_schema.table_storage, information_schema.legacy_tables)


def parameters(function) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_hooks_have_the_signatures_we_replace_or_call():
    assert parameters(query._statement) == [
        "cur",
        "tree",
        "context",
        "destination",
        "config",
        "dry_run",
        "isolated",
    ]
    ddl = ["command", "keyword", "project_id", "dataset_id", "dry_run"]
    assert parameters(indexes.ddl) == ddl == parameters(index.ddl)
    assert parameters(information_schema.VIEWS["VECTOR_INDEXES"]) == ["project_id", "dataset_id"]
    assert parameters(resolve) == ["table", "context", "ctes"]
    assert parameters(translate) == ["tree", "context"]
    assert {"position", "used", "referenced"} <= set(parameters(Context))
    assert callable(row_access.secured)
    assert isinstance(STATEMENT_RULES, list)


def test_jobs_call_the_hooks_through_their_modules():
    """A function imported by name would not be replaced."""
    source = inspect.getsource(query)
    assert "indexes.ddl(*command)" in source
    assert "statistics = _statement(" in source
    assert "for rule in STATEMENT_RULES" in inspect.getsource(translate)


def test_upkeep_hooks_are_where_we_replace_them():
    assert parameters(Interpreter.call) == ["self", "statement"]
    assert {"text", "items"} <= set(Statement.__dataclass_fields__)
    assert '"CALL": self.call' in inspect.getsource(Interpreter)
    assert parameters(BigQueryDialect.Parser._parse_table_part) == ["self", "schema"]
    assert all("_tables(project_id, dataset_id)" in inspect.getsource(view) for view in SIZED)
    assert isinstance(STATUSES, dict)


def test_indexes_are_stored_and_forgotten_with_their_table():
    assert metadata.KINDS[catalog.VectorIndex] == "indexes"
    assert set(metadata.Index.model_fields) == {"kind", "name", "ddl", "creationTime"}
    assert "metadata.delete(metadata.Index" in inspect.getsource(tables.forget)


@pytest.mark.parametrize(
    "call",
    [
        "VECTOR_SEARCH(TABLE ds.b, 'e', TABLE ds.q)",
        "VECTOR_SEARCH(TABLE ds.b, 'e', (SELECT 1), 'f', top_k => 3, distance_type => 'COSINE')",
        "VECTOR_SEARCH((SELECT * FROM ds.b WHERE x = 1), 'e', query_value => [1.0, -2.0], top_k => -1)",
        "VECTOR_SEARCH(TABLE `my-project.ds.b`, 'e', query_value => (SELECT v FROM t), top_k => @k)",
    ],
)
def test_every_form_is_parsed_and_written_back_unchanged(call):
    arguments.install()
    [tree] = parse(f"SELECT * FROM {call} AS s")
    assert isinstance(tree.find(exp.Table).this, VectorSearchCall)
    written = tree.sql(dialect=BigQueryDialect)
    assert parse(written)[0] == tree
    assert written.count("TABLE ") == call.count("TABLE ")
