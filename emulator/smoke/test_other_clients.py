"""pandas-gbq and the dialect of SQLAlchemy."""

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
