"""The index is created once there are enough rows for one."""

import logging

import pytest

from tests.unit.fakes import context
from vitrine.google.bigquery import TableSize
from vitrine.google.statement import BigQueryStatementOperator
from vitrine.index.create_index import CreateVectorIndexOperator


@pytest.fixture
def submitted(monkeypatch) -> list[str]:
    """The statements that were sent as jobs."""
    sent: list[str] = []

    def execute(operator, _) -> str:
        sent.append(operator.configuration["query"]["query"])
        return "a-job"

    monkeypatch.setattr(BigQueryStatementOperator, "execute", execute)
    return sent


@pytest.fixture
def operator(collection, bigquery) -> CreateVectorIndexOperator:
    """The task of a collection."""
    return CreateVectorIndexOperator(task_id="create_vector_index", collection=collection)


@pytest.mark.parametrize("rows", [0, 4_999])
def test_with_too_few_rows_it_succeeds_without_a_job(
    operator, bigquery, submitted, monkeypatch, caplog, rows
):
    bigquery.size = TableSize(rows=rows, bytes=50 * 2**20)
    monkeypatch.setattr(CreateVectorIndexOperator, "log", logging.getLogger("create"))
    caplog.set_level("INFO")
    given = context()
    assert operator.execute(given) is None
    assert given["ti"].pushed == {"bigquery_job_detail": {}}, "else Airflow logs an error: it wants a link"
    assert (submitted, bigquery.asked) == ([], [])
    assert f"Too small for an index: {rows:,} of 5,000 rows; search is exact." in caplog.text


def test_with_enough_rows_it_runs_the_statement(operator, bigquery, submitted):
    bigquery.size = TableSize(rows=5_000, bytes=0)
    assert operator.execute(context()) == "a-job"
    assert submitted == ["index/create_vector_index.sql"]
    assert bigquery.asked == [], "the table's size needs no job"
