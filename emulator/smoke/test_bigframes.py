"""BigQuery DataFrames: only where it finds BigQuery, and who it is, are set."""

import bigframes
import pandas
import pytest
from google.auth.credentials import AnonymousCredentials

CLIENTS = ("bqclient", "bqconnectionclient", "bqstoragereadclient")


@pytest.fixture
def frames(emulator):
    """A session, closed afterwards. Its clock is some milliseconds late, so make its tables before it."""
    options = bigframes.BigQueryOptions(
        credentials=AnonymousCredentials(),
        project=emulator.project,
        location="US",
        client_endpoints_override=dict.fromkeys(CLIENTS, emulator.url),
    )
    session = bigframes.connect(options)
    yield session
    session.close()


@pytest.fixture
def table(bigquery, dataset):
    """A table of four rows."""
    bigquery.query_and_wait(
        f"CREATE TABLE {dataset}.t AS SELECT x, IF(MOD(x, 2) = 0, 'even', 'odd') AS kind "
        "FROM UNNEST([1, 2, 3, 4]) AS x"
    )
    return f"{dataset}.t"


@pytest.mark.filterwarnings("error:.*time travel:UserWarning")
def test_a_table_is_read_as_of_a_time_filtered_and_written_back(bigquery, dataset, table, frames):
    frame = frames.read_gbq(table)
    assert frame.shape == (4, 2)
    chosen = frame[frame["x"] > 1]
    assert sorted(chosen["x"].to_pandas()) == [2, 3, 4]
    sums = chosen.groupby("kind").agg({"x": "sum"})
    assert sums["x"].to_pandas().to_dict() == {"even": 6, "odd": 3}
    sums.to_gbq(f"{dataset}.sums", if_exists="replace")
    rows = bigquery.query_and_wait(f"SELECT kind, x FROM {dataset}.sums ORDER BY kind")
    assert [tuple(row.values()) for row in rows] == [("even", 6), ("odd", 3)]


def test_frames_are_uploaded_joined_and_counted(table, frames):
    names = frames.read_pandas(pandas.DataFrame({"kind": ["even", "odd"], "name": ["gerade", "ungerade"]}))
    joined = frames.read_gbq(table).merge(names, on="kind").sort_values("x")
    assert joined["name"].to_pandas().tolist() == ["ungerade", "gerade"] * 2
    assert joined["name"].str.upper().value_counts().to_pandas().to_dict() == {"UNGERADE": 2, "GERADE": 2}


def test_a_query_becomes_a_frame(table, frames):
    assert frames.read_gbq_query(f"SELECT SUM(x) AS total FROM {table}").to_pandas()["total"].tolist() == [10]
