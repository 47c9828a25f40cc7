"""The trigger fires once, with the last state it saw."""

import asyncio
import time

import pytest
from airflow.sdk.module_loading import import_string

from vitrine.index_state import IndexState, Kind
from vitrine.triggers import vector_index
from vitrine.triggers.vector_index import VectorIndexTrigger


def trigger(deadline: float) -> VectorIndexTrigger:
    """A trigger that looks a hundred times a second."""
    bigquery = {"gcp_conn_id": "c", "project_id": "p", "location": "US"}
    return VectorIndexTrigger(bigquery, {}, "p.d.t", 95, poll_seconds=0.01, deadline=deadline)


def events(monkeypatch, states: list[Kind], deadline: float) -> list[dict]:
    """What the trigger yields when it sees these states one after the other (the last for ever)."""
    seen = iter(states)
    last = states[-1]
    monkeypatch.setattr(vector_index, "read_state", lambda *_: IndexState(next(seen, last), "a message"))

    async def collect() -> list[dict]:
        return [event.payload async for event in trigger(deadline).run()]

    return asyncio.run(asyncio.wait_for(collect(), 10))


def test_another_triggerer_can_go_on_from_its_serialised_form():
    path, arguments = trigger(5.0).serialize()
    again = import_string(path)(**arguments)
    assert again.serialize() == (path, arguments)


@pytest.mark.parametrize("end", [Kind.READY, Kind.TOO_SMALL, Kind.DISABLED])
def test_it_polls_while_the_index_is_building(monkeypatch, end):
    fired = events(monkeypatch, [Kind.BUILDING, Kind.BUILDING, end], time.time() + 60)
    assert fired == [{"kind": end.value, "message": "a message", "rebuild": None, "built": ""}]


def test_it_does_not_wait_for_ever(monkeypatch):
    [fired] = events(monkeypatch, [Kind.BUILDING], time.time() - 1)
    assert (fired["kind"], fired["message"]) == ("building", "a message")


def test_an_error_of_bigquery_reaches_the_task(monkeypatch):
    def refuse(*_):
        raise ConnectionError("refused")

    monkeypatch.setattr(vector_index, "read_state", refuse)

    async def first() -> None:
        await anext(aiter(trigger(time.time() + 60).run()))

    with pytest.raises(ConnectionError, match="refused"):
        asyncio.run(first())
