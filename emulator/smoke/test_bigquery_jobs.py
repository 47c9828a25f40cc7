"""google-cloud-bigquery: queries, jobs, loads, extracts and copies."""

import datetime
import decimal
import io
import json
import uuid

import pyarrow
import pyarrow.parquet
import pytest
from emulator_process import wait_until
from google.api_core.exceptions import BadRequest, Conflict, GoogleAPICallError, NotFound
from google.cloud.bigquery import (
    ArrayQueryParameter,
    CopyJobConfig,
    DatasetReference,
    ExtractJobConfig,
    LoadJobConfig,
    QueryJobConfig,
    RangeQueryParameter,
    ScalarQueryParameter,
    SchemaField,
    StructQueryParameter,
    Table,
    dbapi,
)

UTC = datetime.UTC
SCALARS = {
    "STRING": "é 'quoted'",
    "INT64": -(2**63),
    "FLOAT64": 0.1,
    "BOOL": True,
    "BYTES": b"\x00\xff",
    "NUMERIC": decimal.Decimal("1.123456789"),
    "BIGNUMERIC": decimal.Decimal("1.123456789"),
    "DATE": datetime.date(2024, 2, 29),
    "TIME": datetime.time(23, 59, 59, 999999),
    "DATETIME": datetime.datetime(2024, 2, 29, 1, 2, 3, 4),
    "TIMESTAMP": datetime.datetime(2024, 2, 29, 1, 2, 3, 4, tzinfo=UTC),
}
SCHEMA = [SchemaField("id", "INTEGER", mode="REQUIRED", description="the key"), SchemaField("name", "STRING")]
ROWS = [{"id": 1, "name": "one"}, {"id": 2, "name": None}]


def contents(bigquery, table: str) -> list[tuple]:
    """All rows, in order of their first column."""
    return sorted(row.values() for row in bigquery.query_and_wait(f"SELECT * FROM {table}"))


@pytest.mark.parametrize("kind", SCALARS)
def test_a_parameter_of_each_type_comes_back_as_it_was(bigquery, kind):
    parameters = [
        ScalarQueryParameter("value", kind, SCALARS[kind]),
        ScalarQueryParameter("none", kind, None),
        ArrayQueryParameter("list", kind, [SCALARS[kind]] * 2),
        ArrayQueryParameter("empty", kind, []),
        StructQueryParameter("struct", ScalarQueryParameter("field", kind, SCALARS[kind])),
    ]
    sql = "SELECT @value AS value, @none AS none, @list AS list, @empty AS empty, @struct.field AS field"
    [row] = bigquery.query_and_wait(sql, job_config=QueryJobConfig(query_parameters=parameters))
    assert dict(row) == {
        "value": SCALARS[kind],
        "none": None,
        "list": [SCALARS[kind]] * 2,
        "empty": [],
        "field": SCALARS[kind],
    }


def test_json_interval_and_range_parameters(bigquery):
    parameters = [
        ScalarQueryParameter("document", "JSON", {"a": [1, None]}),
        RangeQueryParameter("DATE", datetime.date(2024, 1, 1), None, name="range"),
    ]
    sql = "SELECT @document AS document, @range AS `range`, INTERVAL 1 MONTH AS month"
    job = bigquery.query(sql, QueryJobConfig(query_parameters=parameters))
    [row] = job.result()
    assert row.document == {"a": [1, None]}
    assert row.range == {"start": datetime.date(2024, 1, 1), "end": None}
    assert row.month.months == 1


def test_positional_parameters(bigquery):
    parameters = [ScalarQueryParameter(None, "INT64", 5), ScalarQueryParameter(None, "STRING", "x")]
    config = QueryJobConfig(query_parameters=parameters)
    [row] = bigquery.query_and_wait("SELECT ? + 1, ?", job_config=config)
    assert row.values() == (6, "x")


def test_a_dry_run_tells_schema_and_bytes_and_runs_nothing(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t AS SELECT 1 AS x")
    config = QueryJobConfig(dry_run=True, use_query_cache=False)
    job = bigquery.query(f"SELECT x FROM {dataset}.t", job_config=config)
    assert (job.dry_run, job.state, job.total_bytes_processed) == (True, "DONE", 8)
    assert [field.name for field in job.schema] == ["x"]
    bigquery.query(f"DROP TABLE {dataset}.t", job_config=config)
    assert contents(bigquery, f"{dataset}.t") == [(1,)]
    with pytest.raises(BadRequest, match="Unrecognized name"):
        bigquery.query(f"SELECT y FROM {dataset}.t", job_config=config)


def test_a_job_keeps_its_id_labels_and_limits(bigquery):
    prefix, job_id = f"mine_{uuid.uuid4().hex[:6]}-", f"job_{uuid.uuid4().hex}"
    config = QueryJobConfig(labels={"team": "images"}, maximum_bytes_billed=10**9, priority="BATCH")
    job = bigquery.query("SELECT 1", job_config=config, job_id=job_id)
    assert (job.job_id, job.labels) == (job_id, {"team": "images"})
    assert (job.maximum_bytes_billed, job.priority) == (10**9, "BATCH")
    job.result()
    found = bigquery.get_job(job_id)
    assert (found.labels, found.state, found.error_result) == ({"team": "images"}, "DONE", None)
    assert found.started <= found.ended
    with pytest.raises(Conflict, match="Already Exists"):
        bigquery.query("SELECT 1", job_id=job_id, job_retry=None)
    prefixed = bigquery.query("SELECT 1", job_id_prefix=prefix)
    assert prefixed.job_id.startswith(prefix)


def test_more_bytes_than_allowed_are_not_billed(bigquery, dataset):
    bigquery.query_and_wait(
        f"CREATE TABLE {dataset}.big AS SELECT x FROM UNNEST(GENERATE_ARRAY(1, 200)) AS x"
    )
    config = QueryJobConfig(maximum_bytes_billed=1)
    with pytest.raises(GoogleAPICallError, match="10485760 or higher required"):
        bigquery.query_and_wait(f"SELECT x FROM {dataset}.big", job_config=config)


def test_jobs_are_listed_and_cancelled(bigquery):
    before = datetime.datetime.now(UTC) - datetime.timedelta(seconds=1)
    slow = bigquery.query(
        "SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 100000)) a, UNNEST(GENERATE_ARRAY(1, 1000000)) b"
    )
    listed = wait_until(lambda: list(bigquery.list_jobs(state_filter="running", min_creation_time=before)))
    assert slow.job_id in [job.job_id for job in listed]
    assert slow.cancel()
    wait_until(lambda: bigquery.get_job(slow.job_id).state == "DONE")
    assert bigquery.cancel_job(slow.job_id).error_result["reason"] == "stopped"
    with pytest.raises(GoogleAPICallError, match="cancelled"):
        slow.result()
    with pytest.raises(NotFound):
        bigquery.get_job("no_such_job")


def test_query_into_a_destination_and_defaults(bigquery, dataset):
    config = QueryJobConfig(
        destination=f"{bigquery.project}.{dataset}.made",
        write_disposition="WRITE_TRUNCATE",
        default_dataset=DatasetReference(bigquery.project, dataset),
        clustering_fields=["id"],
    )
    for number in (1, 2):
        bigquery.query_and_wait(f"SELECT {number} AS id", job_config=config)
    config = QueryJobConfig(default_dataset=f"{bigquery.project}.{dataset}")
    assert [row.id for row in bigquery.query_and_wait("SELECT id FROM made", job_config=config)] == [2]
    assert bigquery.get_table(f"{dataset}.made").clustering_fields == ["id"]


def test_a_script_has_child_jobs(bigquery, dataset):
    job = bigquery.query(
        f"CREATE TABLE {dataset}.s (x INT64); INSERT {dataset}.s VALUES (1), (2); SELECT 3 AS x"
    )
    assert [row.x for row in job.result()] == [3]
    children = list(bigquery.list_jobs(parent_job=job.job_id))
    assert sorted(child.statement_type for child in children) == ["CREATE_TABLE", "INSERT", "SELECT"]
    [insert] = [child for child in children if child.statement_type == "INSERT"]
    assert (insert.num_dml_affected_rows, insert.dml_stats.inserted_row_count) == (2, 2)


def test_a_failed_query_says_why(bigquery):
    job = bigquery.query("SELECT 1/0")
    with pytest.raises(BadRequest, match="division by zero"):
        job.result()
    assert bigquery.get_job(job.job_id).error_result["reason"] == "invalidQuery"


def test_results_are_paged(bigquery):
    rows = bigquery.query("SELECT x FROM UNNEST(GENERATE_ARRAY(1, 25)) AS x ORDER BY x").result(page_size=10)
    pages = [[row.x for row in page] for page in rows.pages]
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [x for page in pages for x in page] == list(range(1, 26))
    assert rows.total_rows == 25


def test_load_json(bigquery, dataset):
    config = LoadJobConfig(schema=SCHEMA, write_disposition="WRITE_TRUNCATE")
    for _ in range(2):
        job = bigquery.load_table_from_json(ROWS, f"{dataset}.json", job_config=config)
        job.result()
    assert (job.output_rows, job.input_files) == (2, 1)
    assert contents(bigquery, f"{dataset}.json") == [(1, "one"), (2, None)]
    assert bigquery.get_table(f"{dataset}.json").schema[0].description == "the key"
    bigquery.load_table_from_json(ROWS, f"{dataset}.detected").result()
    assert [field.field_type for field in bigquery.get_table(f"{dataset}.detected").schema] == [
        "INTEGER",
        "STRING",
    ]


@pytest.mark.parametrize("schema", [SCHEMA, None])
def test_load_files(bigquery, dataset, schema):
    parquet = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), parquet)
    files = {
        "CSV": b"id,name\n1,one\n2,\n",
        "NEWLINE_DELIMITED_JSON": "\n".join(map(json.dumps, ROWS)).encode(),
        "PARQUET": parquet.getvalue(),
    }
    for kind, data in files.items():
        config = LoadJobConfig(source_format=kind, schema=schema, autodetect=schema is None)
        if kind == "CSV":
            config.skip_leading_rows = 1
        job = bigquery.load_table_from_file(
            io.BytesIO(data), f"{dataset}.{kind}", job_config=config, rewind=True
        )
        job.result()
        assert contents(bigquery, f"{dataset}.{kind}") == [(1, "one"), (2, None)], kind


def test_a_large_file_is_loaded_in_resumable_chunks(bigquery, dataset):
    data = "".join(f"{number},{'x' * 100}\n" for number in range(50_000)).encode()
    config = LoadJobConfig(source_format="CSV", schema=SCHEMA)
    job = bigquery.load_table_from_file(io.BytesIO(data), f"{dataset}.large", job_config=config)
    assert job.result().output_rows == 50_000


def test_rows_that_do_not_fit_are_refused(bigquery, dataset):
    config = LoadJobConfig(schema=SCHEMA, source_format="CSV")
    with pytest.raises(BadRequest, match="Error while reading data"):
        bigquery.load_table_from_file(io.BytesIO(b"x,one\n"), f"{dataset}.bad", job_config=config).result()
    with pytest.raises(NotFound):
        bigquery.get_table(f"{dataset}.bad")
    config.max_bad_records = 1
    job = bigquery.load_table_from_file(io.BytesIO(b"x,one\n1,two\n"), f"{dataset}.bad", job_config=config)
    assert job.result().output_rows == 1


def test_appending_may_add_columns_when_allowed(bigquery, dataset):
    bigquery.load_table_from_json(ROWS, f"{dataset}.t").result()
    config = LoadJobConfig(write_disposition="WRITE_APPEND", autodetect=True)
    with pytest.raises(BadRequest, match="Cannot add fields"):
        bigquery.load_table_from_json([{"id": 3, "more": 1.5}], f"{dataset}.t", job_config=config).result()
    config.schema_update_options = ["ALLOW_FIELD_ADDITION"]
    bigquery.load_table_from_json([{"id": 3, "more": 1.5}], f"{dataset}.t", job_config=config).result()
    assert contents(bigquery, f"{dataset}.t") == [(1, "one", None), (2, None, None), (3, None, 1.5)]


def test_files_in_a_bucket_are_loaded_and_extracted(bigquery, dataset, bucket):
    for number in (1, 2):
        bucket.blob(f"in/{number}.csv").upload_from_string(f"{number},name {number}\n")
    config = LoadJobConfig(schema=SCHEMA, source_format="CSV")
    job = bigquery.load_table_from_uri(f"gs://{bucket.name}/in/*.csv", f"{dataset}.t", job_config=config)
    assert job.result().output_rows == 2
    for kind in ("CSV", "NEWLINE_DELIMITED_JSON", "PARQUET"):
        extract = ExtractJobConfig(destination_format=kind)
        uri = f"gs://{bucket.name}/out/{kind}-*"
        job = bigquery.extract_table(f"{dataset}.t", uri, job_config=extract)
        job.result()
        assert sum(job.destination_uri_file_counts) == 1
        config = LoadJobConfig(source_format=kind, autodetect=True)
        bigquery.load_table_from_uri(uri, f"{dataset}.{kind}", job_config=config).result()
        assert contents(bigquery, f"{dataset}.{kind}") == [(1, "name 1"), (2, "name 2")], kind


def test_copy(bigquery, dataset):
    bigquery.load_table_from_json(ROWS, f"{dataset}.one", job_config=LoadJobConfig(schema=SCHEMA)).result()
    bigquery.copy_table(f"{dataset}.one", f"{dataset}.two").result()
    assert bigquery.get_table(f"{dataset}.two").schema == SCHEMA
    append = CopyJobConfig(write_disposition="WRITE_APPEND")
    sources = [f"{bigquery.project}.{dataset}.{name}" for name in ("one", "two")]
    bigquery.copy_table(sources, f"{dataset}.two", job_config=append).result()
    assert bigquery.get_table(f"{dataset}.two").num_rows == 6
    with pytest.raises(Conflict):
        bigquery.copy_table(f"{dataset}.one", f"{dataset}.two").result()
    with pytest.raises(NotFound):
        bigquery.copy_table(f"{dataset}.none", f"{dataset}.three").result()


def test_streaming_inserts(bigquery, dataset):
    table = bigquery.create_table(Table(f"{bigquery.project}.{dataset}.stream", schema=SCHEMA))
    assert bigquery.insert_rows_json(table, ROWS, row_ids=["a", "b"]) == []
    assert bigquery.insert_rows(table, [(3, "three")]) == []
    assert contents(bigquery, f"{dataset}.stream") == [(1, "one"), (2, None), (3, "three")]
    errors = bigquery.insert_rows_json(table, [{"id": 4, "other": 1}, {"id": 5}])
    assert [(error["index"], error["errors"][0]["reason"]) for error in errors] == [
        (0, "invalid"),
        (1, "stopped"),
    ]
    errors = bigquery.insert_rows_json(table, [{"id": "x"}, {"id": 5}], skip_invalid_rows=True)
    assert [error["index"] for error in errors] == [0]
    assert bigquery.get_table(table).num_rows == 4


def test_db_api(bigquery, dataset):
    connection = dbapi.connect(bigquery, prefer_bqstorage_client=False)
    cursor = connection.cursor()
    cursor.execute(f"CREATE TABLE {dataset}.t (x INT64, s STRING)")
    cursor.executemany(
        f"INSERT INTO {dataset}.t VALUES (%(x)s, %(s)s)", [{"x": 1, "s": "a"}, {"x": 2, "s": "b"}]
    )
    cursor.execute(f"SELECT x, s FROM {dataset}.t WHERE x >= %s ORDER BY x", (1,))
    assert [column.name for column in cursor.description] == ["x", "s"]
    assert cursor.fetchone().values() == (1, "a")
    assert [row.values() for row in cursor.fetchall()] == [(2, "b")]
    connection.commit()
    connection.close()
