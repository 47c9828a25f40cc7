"""Bytes of a table that are remembered are counted again when its rows change, be it in their places."""

import pytest
from google.cloud.bigquery import QueryJobConfig


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {table} SET s = 'twice as long' WHERE TRUE",
        "BEGIN TRANSACTION; UPDATE {table} SET s = 'twice as long' WHERE TRUE; COMMIT TRANSACTION",
        "MERGE {table} t USING (SELECT 1 AS a) u ON t.a = u.a "
        "WHEN MATCHED THEN UPDATE SET s = 'twice as long'",
    ],
)
def test_rows_that_grow_in_their_places(bigquery, dataset, change):
    table = f"{dataset}.t"

    def processed() -> int:
        config = QueryJobConfig(dry_run=True, use_query_cache=False)
        return bigquery.query(f"SELECT s FROM {table}", job_config=config).total_bytes_processed

    bigquery.query_and_wait(f"CREATE TABLE {table} AS SELECT 1 AS a, 'short' AS s")
    before = processed()
    bigquery.query_and_wait(change.format(table=table))
    assert processed() == before + len("twice as long") - len("short")
