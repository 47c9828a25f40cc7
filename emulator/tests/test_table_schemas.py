"""What jobs that make tables keep of a schema."""

import io

import pytest
from google.api_core.exceptions import BadRequest, NotFound
from google.cloud.bigquery import CopyJobConfig, LoadJobConfig, SchemaField

SCHEMA = [SchemaField("id", "INTEGER", "REQUIRED", description="the key"), SchemaField("name", "STRING")]


def load(bigquery, table: str, rows: str, schema=SCHEMA, **config):
    options = LoadJobConfig(source_format="CSV", schema=schema, **config)
    return bigquery.load_table_from_file(io.StringIO(rows), table, job_config=options).result()


def test_a_load_keeps_modes_and_descriptions(bigquery, dataset):
    load(bigquery, f"{dataset}.t", "1,one\n")
    assert bigquery.get_table(f"{dataset}.t").schema == SCHEMA
    changed = [SchemaField("id", "INTEGER", "REQUIRED", description="changed")]
    load(bigquery, f"{dataset}.t", "1\n", changed, write_disposition="WRITE_TRUNCATE")
    assert bigquery.get_table(f"{dataset}.t").schema == changed


def test_a_required_value_must_be_there(bigquery, dataset):
    with pytest.raises(BadRequest, match="Required field id cannot be null"):
        load(bigquery, f"{dataset}.t", ",one\n")
    with pytest.raises(NotFound):
        bigquery.get_table(f"{dataset}.t")
    load(bigquery, f"{dataset}.t", "1,one\n")
    with pytest.raises(BadRequest):
        load(bigquery, f"{dataset}.t", ",two\n")
    assert bigquery.get_table(f"{dataset}.t").num_rows == 1


def test_a_copy_has_the_schema_and_layout_of_its_source(bigquery, dataset):
    load(bigquery, f"{dataset}.one", "1,one\n", clustering_fields=["name"])
    for disposition in (None, "WRITE_TRUNCATE"):
        config = CopyJobConfig(write_disposition=disposition)
        bigquery.copy_table(f"{dataset}.one", f"{dataset}.two", job_config=config).result()
        table = bigquery.get_table(f"{dataset}.two")
        assert (table.schema, table.clustering_fields, table.num_rows) == (SCHEMA, ["name"], 1)
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.three AS SELECT 3 AS id, 'three' AS name")
    config = CopyJobConfig(write_disposition="WRITE_APPEND")
    bigquery.copy_table(f"{dataset}.one", f"{dataset}.three", job_config=config).result()
    assert {field.mode for field in bigquery.get_table(f"{dataset}.three").schema} == {"NULLABLE"}


@pytest.mark.parametrize("source_format", ["NEWLINE_DELIMITED_JSON", "CSV"])
@pytest.mark.parametrize("options", [{"autodetect": True}, {}, {"write_disposition": "WRITE_TRUNCATE"}])
def test_a_file_without_rows_leaves_the_schema_of_its_table(bigquery, dataset, source_format, options):
    load(bigquery, f"{dataset}.t", "1,one\n")
    config = LoadJobConfig(source_format=source_format, **options)
    job = bigquery.load_table_from_file(io.StringIO("\n"), f"{dataset}.t", job_config=config)
    assert job.result().output_rows == 0
    table = bigquery.get_table(f"{dataset}.t")
    names = [(field.name, field.field_type) for field in table.schema]
    kept = 0 if "write_disposition" in options else 1
    assert (names, table.num_rows) == ([("id", "INTEGER"), ("name", "STRING")], kept)
