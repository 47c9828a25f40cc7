"""The hidden dataset in which the results of queries are, and clients' own temporary tables."""

import io

from google.cloud.bigquery import LoadJobConfig


def test_tables_are_loaded_into_it_and_queried(bigquery):
    job = bigquery.query("SELECT 1")
    job.result()
    hidden = job.destination.dataset_id
    config = LoadJobConfig(source_format="CSV", autodetect=True)
    table = f"{bigquery.project}.{hidden}.mine"
    bigquery.load_table_from_file(io.StringIO("x\n7\n"), table, job_config=config).result()
    assert [row.x for row in bigquery.query_and_wait(f"SELECT x FROM `{table}`")] == [7]
    assert bigquery.get_dataset(hidden).dataset_id == hidden
    assert hidden not in [dataset.dataset_id for dataset in bigquery.list_datasets()]
    bigquery.delete_table(table)
