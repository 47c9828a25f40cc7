"""OpenLineage events of our own statements."""

import sys

import pytest
from airflow.providers.openlineage.api import sql
from airflow.sdk import get_current_context
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client, QueryJob

from vitrine.google import lineage


def job(destination: dict[str, str]) -> QueryJob:
    """A job as the REST API has it."""
    table = {"projectId": "p", "datasetId": "d", "tableId": "embedding_attempts"}
    return QueryJob.from_api_repr(
        {
            "jobReference": {"projectId": "p", "jobId": "j", "location": "US"},
            "configuration": {"query": {"query": "SELECT 1", "destinationTable": destination}},
            "statistics": {"query": {"referencedTables": [table]}},
        },
        client=Client(project="p", credentials=AnonymousCredentials()),
    )


@pytest.fixture
def emitted(monkeypatch) -> list[dict]:
    """The events that the provider was asked for."""
    events: list[dict] = []
    monkeypatch.setattr(sql, "emit_query_lineage", lambda **event: events.append(event))
    monkeypatch.setattr(lineage, "get_current_context", dict)
    return events


@pytest.mark.parametrize(
    ("dataset", "written"), [("d", ["p.d.embedding_runs"]), ("_0123", [])], ids=["table", "result"]
)
def test_an_event_names_the_tables_that_a_statement_has_read_and_written(emitted, dataset, written):
    lineage.emit(job({"projectId": "p", "datasetId": dataset, "tableId": "embedding_runs"}))
    [event] = emitted
    assert [table.name for table in event["inputs"]] == ["p.d.embedding_attempts"]
    assert [table.name for table in event["outputs"]] == written
    assert (event["query_id"], event["query_text"]) == ("j", "SELECT 1")


def test_without_the_provider_nothing_happens(emitted, monkeypatch):
    monkeypatch.setitem(sys.modules, sql.__name__, None)
    lineage.emit(job({"projectId": "p", "datasetId": "d", "tableId": "t"}))
    assert emitted == []


def test_a_trigger_which_is_no_task_says_nothing(emitted, monkeypatch):
    monkeypatch.setattr(lineage, "get_current_context", get_current_context)
    lineage.emit(job({"projectId": "p", "datasetId": "d", "tableId": "t"}))
    assert emitted == []
