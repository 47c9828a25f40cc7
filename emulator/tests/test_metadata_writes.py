"""Changes of one table's metadata that come at the same time."""

import concurrent.futures

from google.cloud.bigquery import Table


def test_updates_of_one_table_wait_for_each_other(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t (x INT64)")

    def describe(number: int):
        table = Table(f"{bigquery.project}.{dataset}.t")
        table.description = f"description {number}"
        bigquery.update_table(table, ["description"], retry=None)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(describe, range(40)))
    described = bigquery.get_table(f"{dataset}.t").description
    assert described in {f"description {number}" for number in range(40)}
