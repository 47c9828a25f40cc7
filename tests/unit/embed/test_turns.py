"""Of the runs that need the same tables or share a quota, one works at a time."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.unit.fakes import FakeTaskInstance, collection_with, context
from vitrine.embed import turns
from vitrine.errors import TurnLostError

KEY = "vitrine_quota-demo_project_us_multimodalembedding_001-7d7249da"
ME = {"dag_id": "a_dag", "run_id": "manual__2026-11-22"}
OTHER = {"dag_id": "a_dag", "run_id": "backfill__2026-11-01"}
# Run ids are unique within a DAG only.
NEIGHBOUR = {"dag_id": "another_dag", "run_id": "manual__2026-11-22"}


def instance(*running: dict[str, str], of: dict[str, str] = ME) -> FakeTaskInstance:
    """A task instance of a run, while these runs are running."""
    ti = FakeTaskInstance()
    ti.dag_id, ti.run_id = of["dag_id"], of["run_id"]
    ti.get_dr_count = lambda dag_id, run_ids, states: (
        sum({"dag_id": dag_id, "run_id": run_id} in running for run_id in run_ids)
        if states == ["running"]
        else 0
    )
    return ti


def hold(variables, holder: dict[str, str]) -> None:
    """Let a run have its turn."""
    variables[KEY] = json.dumps({**holder, "lease_id": "of the holder", "earlier_lease_id": ""})


def holder_of(variables) -> dict[str, str]:
    """The run that has the turn."""
    turn = json.loads(variables[KEY])
    return {name: turn[name] for name in ("dag_id", "run_id")}


@pytest.fixture(autouse=True)
def pauses(monkeypatch) -> list[float]:
    """Pauses that were made, in no time."""
    made: list[float] = []
    monkeypatch.setattr(turns.time, "sleep", made.append)
    return made


def take(collection, *running: dict[str, str], is_shared: bool = False) -> str | None:
    """Whom my run must wait for, while these runs are running."""
    return turns.take(instance(*running), turns.for_quota(collection), is_shared=is_shared)


def test_a_free_turn_is_taken(variables, collection, pauses):
    assert take(collection, ME) is None
    assert list(variables) == [KEY]
    assert holder_of(variables) == ME
    assert json.loads(variables[KEY])["earlier_lease_id"] == "", "there was no run before"
    assert pauses == [], "nobody else can have found it free"


@pytest.mark.parametrize("holder", [OTHER, NEIGHBOUR])
def test_a_run_at_work_is_waited_for(variables, collection, holder):
    hold(variables, holder)
    found = take(collection, ME, holder, is_shared=True)
    assert found == f"Run {holder['run_id']} of {holder['dag_id']}"
    assert holder_of(variables) == holder


@pytest.mark.parametrize("holder", [OTHER, NEIGHBOUR])
def test_a_run_that_has_ended_or_waits_itself_holds_nothing(variables, collection, holder):
    """Also one that was cleared, is queued, and cannot start before this one ends: no deadlock."""
    hold(variables, holder)
    assert take(collection, ME) is None
    assert holder_of(variables) == ME


def test_a_run_gets_a_lease_of_its_own_and_may_take_over_that_of_the_run_before(variables, collection):
    hold(variables, OTHER)
    take(collection, ME)
    first = json.loads(variables[KEY])
    assert first["earlier_lease_id"] == "of the holder"
    variables.clear()
    take(collection, ME)
    assert len({"of the holder", first["lease_id"], json.loads(variables[KEY])["lease_id"]}) == 3


def test_a_cleared_run_keeps_its_turn_and_lease(variables, collection, pauses):
    hold(variables, ME)
    before = dict(variables)
    assert take(collection, ME, OTHER, is_shared=True) is None
    assert variables == before
    assert pauses == []


def test_a_turn_that_an_earlier_version_has_left_has_no_lease(variables, collection):
    variables[KEY] = json.dumps(ME)
    assert turns.check(context(), KEY) == {**ME, "lease_id": "", "earlier_lease_id": ""}
    variables[KEY] = json.dumps(OTHER)
    take(collection, ME)
    assert json.loads(variables[KEY])["earlier_lease_id"] == ""


@pytest.mark.parametrize(
    ("settings", "is_same"),
    [
        ({"dataset": "art"}, True),
        ({"location": "us"}, True),
        ({"dimension": 512}, True),
        ({"location": "EU"}, False),
        ({"project": "another"}, False),
        ({"endpoint": "gemini-embedding-2"}, False),
    ],
)
def test_collections_share_a_turn_where_they_share_a_quota(variables, collection, settings, is_same):
    hold(variables, NEIGHBOUR)
    found = take(collection_with(**settings), ME, NEIGHBOUR, is_shared=True)
    assert (found is not None) is is_same


def test_of_two_that_write_their_names_at_the_same_time_the_last_has_the_turn(
    variables, collection, monkeypatch
):
    both_found_it_free, both_have_written = Barrier(2, timeout=10), Barrier(2, timeout=10)
    read, write, written = variables.read, variables.write, []

    def read_together(key, default=None, deserialize_json=False):
        found = read(key, default, deserialize_json)
        if found is None:
            both_found_it_free.wait()
        return found

    def note(key, value, serialize_json=False):
        write(key, value, serialize_json)
        written.append(value)

    def pause(seconds):
        assert seconds == turns.CONFIRM_SECONDS
        both_have_written.wait()

    monkeypatch.setattr(turns.Variable, "get", read_together)
    monkeypatch.setattr(turns.Variable, "set", note)
    monkeypatch.setattr(turns.time, "sleep", pause)

    def take(of):
        return turns.take(instance(ME, NEIGHBOUR, of=of), turns.for_quota(collection), is_shared=True)

    with ThreadPoolExecutor(2) as pool:
        mine, neighbours = pool.map(take, (ME, NEIGHBOUR))
    [first, last] = written
    assert {first["dag_id"], last["dag_id"]} == {"a_dag", "another_dag"}
    answers = {"a_dag": mine, "another_dag": neighbours}
    assert answers[last["dag_id"]] is None
    assert answers[first["dag_id"]] == f"Run {last['run_id']} of {last['dag_id']}"
    assert json.loads(variables[KEY]) == last


def test_work_out_of_turn_is_refused(variables, collection):
    with pytest.raises(TurnLostError, match=r"No run .*take_turn"):
        turns.check(context(), KEY)
    for holder in (OTHER, NEIGHBOUR):
        hold(variables, holder)
        with pytest.raises(
            TurnLostError, match=f"Run {holder['run_id']} of {holder['dag_id']} has taken the turn"
        ):
            turns.check(context(), KEY)
    hold(variables, ME)
    assert turns.check(context(), KEY)["lease_id"] == "of the holder"
    with pytest.raises(TurnLostError):
        turns.check(context(), turns.for_quota(collection_with(project="another")))


def test_each_collection_and_model_has_a_turn_of_its_own_for_its_tables(collection):
    models = '{"default": {}, "small": {"dimension": 256}}'
    others = [
        collection_with(dataset="art"),
        collection_with(project="another"),
        collection_with(models=models).using("small"),
    ]
    turns_of_all = [turns.for_tables(one) for one in (collection, *others)]
    assert len({*turns_of_all, turns.for_quota(collection)}) == 5
