"""Tables made without a schema, as langchain's BigQueryVectorStore makes them."""

import io

import pytest
from google.api_core.exceptions import BadRequest, Conflict
from google.cloud.bigquery import CopyJobConfig, LoadJobConfig, QueryJobConfig, SchemaField

SCHEMA = [SchemaField("id", "INTEGER", "REQUIRED", description="the key"), SchemaField("name", "STRING")]


@pytest.fixture
def bare(bigquery, dataset) -> str:
    """A table that has no schema yet."""
    bigquery.create_table(f"{bigquery.project}.{dataset}.bare")
    return f"{bigquery.project}.{dataset}.bare"


def load(bigquery, table: str, rows: str, **config):
    options = LoadJobConfig(source_format="CSV", **config)
    return bigquery.load_table_from_file(io.StringIO(rows), table, job_config=options).result()


def contents(bigquery, table: str) -> list[tuple]:
    return [row.values() for row in bigquery.query_and_wait(f"SELECT * FROM `{table}` ORDER BY 1")]


def test_it_is_empty_and_not_queried(bigquery, bare):
    table = bigquery.get_table(bare)
    assert (table.schema, table.num_rows) == ([], 0)
    assert list(bigquery.list_rows(table)) == []
    for sql in (f"SELECT * FROM `{bare}`", f"INSERT INTO `{bare}` (x) VALUES (1)"):
        with pytest.raises(BadRequest, match=r"Table demo-project:\w+\.bare does not have a schema\."):
            bigquery.query_and_wait(sql)
    with pytest.raises(BadRequest, match="The destination table has no schema"):
        bigquery.insert_rows_json(bare, [{"x": 1}])


def test_a_load_brings_the_schema(bigquery, bare):
    load(bigquery, bare, "1,one\n", schema=SCHEMA)
    assert bigquery.get_table(bare).schema == SCHEMA
    load(bigquery, bare, "2,two\n", schema=SCHEMA)
    assert contents(bigquery, bare) == [(1, "one"), (2, "two")]


@pytest.mark.parametrize("disposition", [None, "WRITE_APPEND", "WRITE_TRUNCATE"])
def test_a_query_brings_the_schema(bigquery, bare, disposition):
    config = QueryJobConfig(destination=bare, write_disposition=disposition)
    bigquery.query_and_wait("SELECT 7 AS x", job_config=config)
    assert contents(bigquery, bare) == [(7,)]
    if disposition is None:
        with pytest.raises(Conflict):
            bigquery.query("SELECT 8 AS x", job_config=config).result()


def test_a_copy_brings_the_schema(bigquery, dataset, bare):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t AS SELECT 7 AS x")
    bigquery.copy_table(f"{dataset}.t", bare, job_config=CopyJobConfig()).result()
    assert contents(bigquery, bare) == [(7,)]


def test_a_load_that_fails_leaves_it_without(bigquery, bare):
    with pytest.raises(BadRequest):
        load(bigquery, bare, "x,one\n", schema=SCHEMA)
    assert bigquery.get_table(bare).schema == []
    load(bigquery, bare, "a,b\n", schema=[SchemaField("x", "STRING"), SchemaField("y", "STRING")])
    assert contents(bigquery, bare) == [("a", "b")]
