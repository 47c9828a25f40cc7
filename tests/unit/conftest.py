"""A collection, and the answers of BigQuery to its statements."""

import pytest

from tests.unit.fakes import FakeBigQuery, answer_with, collection_with
from vitrine.collection import Collection


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
