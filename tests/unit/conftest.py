"""A collection, the answers of BigQuery to its statements, and whose turn it is."""

import json

import pytest

from tests.unit.fakes import FakeBigQuery, FakeTaskInstance, answer_with, collection_with
from vitrine.collection import Collection
from vitrine.embed import turns


class Variables(dict[str, str]):
    """Airflow's Variables, as the texts that it keeps."""

    def read(self, key: str, default: object = None, deserialize_json: bool = False) -> object:
        """Variable.get."""
        if key not in self:
            return default
        return json.loads(self[key]) if deserialize_json else self[key]

    def write(self, key: str, value: object, serialize_json: bool = False) -> None:
        """Variable.set."""
        self[key] = json.dumps(value) if serialize_json else value


@pytest.fixture
def collection() -> Collection:
    """The tutorial's collection, whatever the environment says."""
    return collection_with()


@pytest.fixture
def bigquery(monkeypatch) -> FakeBigQuery:
    """What operators find where they look for the BigQuery of their collection."""
    fake = FakeBigQuery()
    answer_with(monkeypatch, fake)
    return fake


@pytest.fixture
def variables(monkeypatch) -> Variables:
    """Airflow's Variables, none yet."""
    kept = Variables()
    monkeypatch.setattr(turns.Variable, "get", kept.read)
    monkeypatch.setattr(turns.Variable, "set", kept.write)
    return kept


@pytest.fixture
def own_turn(variables: Variables, collection: Collection) -> None:
    """The run of a FakeTaskInstance has its turn."""
    ti = FakeTaskInstance()
    holder = turns.Turn(dag_id=ti.dag_id, run_id=ti.run_id, lease_id="ours", earlier_lease_id="before")
    for turn in (turns.for_tables(collection), turns.for_quota(collection)):
        variables.write(turn, holder, serialize_json=True)
