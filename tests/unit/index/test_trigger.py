"""The trigger fires once, with the last state it saw."""

import asyncio
import json
import time
from dataclasses import asdict, replace

import pytest
from airflow.sdk.module_loading import import_string
from airflow.serialization.serialized_objects import BaseSerialization

from tests.unit.fakes import collection_with
from tests.unit.index.test_state import row
from vitrine.google.bigquery import BigQuery, TableSize
from vitrine.index import trigger as module
from vitrine.index.state import IndexKind, IndexState
from vitrine.index.trigger import VectorIndexTrigger, read_state
from vitrine.index.vector_index import VectorIndex

INDEX = VectorIndex("demo-project", "bqml_tutorial", "met_image_embeddings", "met_images_index")
BIGQUERY = replace(
    BigQuery.of(collection_with(labels='{"team": "curators"}')), impersonation_chain=["first@p", "last@p"]
)


@pytest.mark.parametrize(
    ("size", "kind", "words", "statements"),
    [
        (TableSize(4_999, 50 * 2**20), IndexKind.TOO_SMALL, "4,999 of 5,000 rows", []),
        (TableSize(5_000, 50 * 2**20), IndexKind.BUILDING, "not listed yet", ["select_vector_index"]),
    ],
)
def test_the_index_is_asked_about_only_where_there_are_rows_for_one(bigquery, size, kind, words, statements):
    bigquery.size = size
    state = read_state(bigquery, INDEX, 95)
    assert (state.kind, bigquery.statements) == (kind, statements)
    assert words in state.message


@pytest.mark.parametrize(
    ("mebibytes", "kind"), [(9, IndexKind.TOO_SMALL), (10, IndexKind.BUILDING)], ids=["too small", "enough"]
)
def test_the_size_of_the_table_decides_whether_its_index_is_ever_filled(bigquery, mebibytes, kind):
    bigquery.size = TableSize(5_000, mebibytes * 2**20)
    bigquery.answers["select_vector_index"] = [row(0, refreshed=False)]
    assert read_state(bigquery, INDEX, 95).kind is kind


def trigger(deadline: float) -> VectorIndexTrigger:
    """A trigger that looks a hundred times a second."""
    return VectorIndexTrigger(asdict(BIGQUERY), asdict(INDEX), 95, poll_seconds=0.01, deadline=deadline)


def events(monkeypatch, states: list[IndexKind], deadline: float) -> list[dict]:
    """What the trigger yields when it sees these states one after the other (the last for ever)."""
    seen = iter(states)
    last = states[-1]
    monkeypatch.setattr(module, "read_state", lambda *_: IndexState(next(seen, last), "a message"))

    async def collect() -> list[dict]:
        return [event.payload async for event in trigger(deadline).run()]

    return asyncio.run(asyncio.wait_for(collect(), 10))


def test_another_triggerer_can_go_on_from_its_serialised_form(monkeypatch):
    path, arguments = trigger(5.0).serialize()
    kept = BaseSerialization.deserialize(json.loads(json.dumps(BaseSerialization.serialize(arguments))))
    again = import_string(path)(**kept)
    assert again.serialize() == (path, arguments)
    asked = []

    def look(bigquery, index, coverage):
        asked.append((bigquery, index, coverage))
        return IndexState(IndexKind.READY, "a message")

    monkeypatch.setattr(module, "read_state", look)
    asyncio.run(anext(aiter(again.run())))
    assert asked == [(BIGQUERY, INDEX, 95)], "its jobs have the labels, and the identity, of the sensor's"


@pytest.mark.parametrize("end", [IndexKind.READY, IndexKind.TOO_SMALL, IndexKind.DISABLED])
def test_it_polls_while_the_index_is_building(monkeypatch, end):
    fired = events(monkeypatch, [IndexKind.BUILDING, IndexKind.BUILDING, end], time.time() + 60)
    assert fired == [
        {"kind": end.value, "message": "a message", "rebuild": None, "built": "", "coverage": None}
    ]


def test_it_does_not_wait_for_ever(monkeypatch):
    [fired] = events(monkeypatch, [IndexKind.BUILDING], time.time() - 1)
    assert (fired["kind"], fired["message"]) == ("building", "a message")


def test_an_error_of_bigquery_reaches_the_task(monkeypatch):
    def refuse(*_):
        raise ConnectionError("refused")

    monkeypatch.setattr(module, "read_state", refuse)

    async def first() -> None:
        await anext(aiter(trigger(time.time() + 60).run()))

    with pytest.raises(ConnectionError, match="refused"):
        asyncio.run(first())
