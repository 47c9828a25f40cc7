"""google-cloud-bigquery's data frames and Arrow tables, by REST and by the BigQuery Storage Read API."""

import datetime

import pandas
from google.cloud.bigquery import LoadJobConfig, SchemaField
from google.cloud.bigquery_storage import DataFormat, ReadSession

TYPES = """SELECT 1 AS i, 1.5 AS f, 's' AS s, b'\\x00' AS b, TRUE AS t, DATE '2024-02-29' AS d,
  DATETIME '2024-02-29 01:02:03' AS dt, TIME '01:02:03' AS ti, TIMESTAMP '2024-02-29 01:02:03+00' AS ts,
  NUMERIC '1.5' AS n, BIGNUMERIC '1.5' AS bn, [1, 2] AS a, STRUCT(1 AS x, 'y' AS y) AS st,
  JSON '{"k": 1}' AS j, CAST(NULL AS STRING) AS none"""


def test_frames_go_in_and_come_out(bigquery, dataset):
    frame = pandas.DataFrame(
        {
            "id": [1, 2],
            "name": ["a", None],
            "vector": [[0.5, 1.5], [2.0]],
            "at": pandas.to_datetime(["2024-01-02T03:04:05Z", None]),
            "day": [datetime.date(2024, 1, 2), None],
            "flag": pandas.array([True, None], dtype="boolean"),
        }
    )
    job = bigquery.load_table_from_dataframe(frame, f"{dataset}.frame")
    assert job.result().output_rows == 2
    schema = {
        field.name: (field.field_type, field.mode) for field in bigquery.get_table(f"{dataset}.frame").schema
    }
    assert schema == {
        "id": ("INTEGER", "NULLABLE"),
        "name": ("STRING", "NULLABLE"),
        "vector": ("FLOAT", "REPEATED"),
        "at": ("TIMESTAMP", "NULLABLE"),
        "day": ("DATE", "NULLABLE"),
        "flag": ("BOOLEAN", "NULLABLE"),
    }
    rows = bigquery.query_and_wait(f"SELECT * FROM {dataset}.frame ORDER BY id")
    back = rows.to_dataframe(create_bqstorage_client=False)
    assert back["id"].tolist() == [1, 2]
    assert [list(vector) for vector in back["vector"]] == [[0.5, 1.5], [2.0]]
    assert str(back["at"].dtype) == "datetime64[us, UTC]"
    config = LoadJobConfig(write_disposition="WRITE_TRUNCATE", schema=[SchemaField("id", "FLOAT")])
    bigquery.load_table_from_dataframe(frame[["id"]], f"{dataset}.frame", job_config=config).result()
    assert bigquery.get_table(f"{dataset}.frame").schema == [SchemaField("id", "FLOAT")]


def test_rest_and_storage_api_give_the_same_frame(bigquery, reader):
    rest = bigquery.query(TYPES).to_dataframe(create_bqstorage_client=False)
    storage = bigquery.query(TYPES).to_dataframe(bqstorage_client=reader)
    pandas.testing.assert_frame_equal(rest, storage)
    assert (rest["i"].dtype.name, rest["d"].dtype.name) == ("Int64", "dbdate")
    table = bigquery.query(TYPES).to_arrow(bqstorage_client=reader)
    assert table.to_pylist()[0]["st"] == {"x": 1, "y": "y"}
    assert table.to_pylist() == bigquery.query(TYPES).to_arrow(create_bqstorage_client=False).to_pylist()


def test_a_large_table_is_read_in_several_streams(bigquery, reader, dataset):
    sql = f"CREATE TABLE {dataset}.t AS SELECT x, 'y' AS y FROM UNNEST(GENERATE_ARRAY(1, 250000)) AS x"
    bigquery.query_and_wait(sql)
    frame = bigquery.list_rows(f"{dataset}.t").to_dataframe(bqstorage_client=reader)
    assert sorted(frame["x"]) == list(range(1, 250_001))
    options = {"selected_fields": ["x"], "row_restriction": "x <= 200000"}
    session = reader.create_read_session(
        parent=f"projects/{bigquery.project}",
        read_session=ReadSession(
            table=f"projects/{bigquery.project}/datasets/{dataset}/tables/t",
            data_format=DataFormat.ARROW,
            read_options=options,
        ),
        max_stream_count=4,
    )
    assert len(session.streams) > 1
    tables = [reader.read_rows(stream.name).to_arrow(session) for stream in session.streams]
    assert [table.column_names for table in tables] == [["x"]] * len(tables)
    assert sorted(x for table in tables for x in table["x"].to_pylist()) == list(range(1, 200_001))
