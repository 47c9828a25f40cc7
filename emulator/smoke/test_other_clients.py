"""pandas-gbq, Ibis, and the dialect of SQLAlchemy."""

import ibis
import pandas
import pandas_gbq
import pytest
import sqlalchemy
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client, QueryJobConfig


def test_pandas_gbq(emulator, dataset, monkeypatch):
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", emulator.url)
    options = {"project_id": emulator.project, "credentials": AnonymousCredentials()}
    frame = pandas.DataFrame({"id": [1, 2], "name": ["a", "b"]})
    for exists, rows in (("fail", 2), ("append", 4), ("replace", 2)):
        pandas_gbq.to_gbq(frame, f"{dataset}.t", if_exists=exists, progress_bar=False, **options)
        back = pandas_gbq.read_gbq(
            f"SELECT * FROM {dataset}.t ORDER BY id", progress_bar_type=None, **options
        )
        assert len(back) == rows
    pandas.testing.assert_frame_equal(back, frame, check_dtype=False)
    with pytest.raises(pandas_gbq.gbq.TableCreationError):
        pandas_gbq.to_gbq(frame, f"{dataset}.t", progress_bar=False, **options)


def test_sqlalchemy(bigquery, dataset, emulator, monkeypatch):
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", emulator.url)
    url = f"bigquery://{bigquery.project}/{dataset}?user_supplied_client=True"
    config = QueryJobConfig(default_dataset=f"{bigquery.project}.{dataset}")
    client = Client(bigquery.project, AnonymousCredentials(), default_query_job_config=config)
    engine = sqlalchemy.create_engine(url, connect_args={"client": client})
    metadata = sqlalchemy.MetaData()
    table = sqlalchemy.Table(
        "pictures",
        metadata,
        sqlalchemy.Column("id", sqlalchemy.Integer),
        sqlalchemy.Column("title", sqlalchemy.String),
        sqlalchemy.Column("vector", sqlalchemy.ARRAY(sqlalchemy.Float)),
    )
    metadata.create_all(engine)
    rows = [{"id": 1, "title": "one", "vector": [1.5]}, {"id": 2, "title": "two", "vector": []}]
    with engine.begin() as connection:
        connection.execute(table.insert(), rows)
        query = sqlalchemy.select(table.c.title, table.c.vector).where(table.c.id == 1)
        assert connection.execute(query).all() == [("one", [1.5])]
        assert connection.scalar(sqlalchemy.select(sqlalchemy.func.count()).select_from(table)) == 2
    inspector = sqlalchemy.inspect(engine)
    assert inspector.get_table_names() == ["pictures"]
    assert [column["name"] for column in inspector.get_columns("pictures")] == ["id", "title", "vector"]
    reflected = sqlalchemy.Table("pictures", sqlalchemy.MetaData(), autoload_with=engine)
    assert set(reflected.c.keys()) == {"id", "title", "vector"}
    metadata.drop_all(engine)
    assert sqlalchemy.inspect(engine).get_table_names() == []


def test_ibis(bigquery, dataset, reader):
    """No frames go in: at exit Ibis would try for minutes to delete its copies of them."""
    connection = ibis.bigquery.connect(bigquery.project, dataset, client=bigquery, storage_client=reader)
    table = connection.create_table("t", schema=ibis.schema({"id": "int64", "name": "string"}))
    rows = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}, {"id": 3, "name": "a"}]
    bigquery.insert_rows_json(f"{bigquery.project}.{dataset}.t", rows)
    assert connection.list_tables() == ["t"]
    counts = table.group_by("name").agg(n=table.count()).order_by("name").execute()
    assert counts.to_dict("list") == {"name": ["a", "b"], "n": [2, 1]}
    ranked = table.mutate(rank=ibis.row_number().over(order_by=table.id.desc())).filter(table.id > 1)
    assert sorted(ranked.to_pyarrow()["rank"].to_pylist()) == [0, 1]
    connection.create_view("v", table.limit(2))
    assert connection.table("v").count().execute() == 2
