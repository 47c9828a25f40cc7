"""A collection, and the answers of BigQuery to its statements."""

import pytest

from tests.unit.fakes import FakeBigQuery, collection_with
from vitrine.collection import Collection
from vitrine.google.bigquery import BigQuery


@pytest.fixture
def collection() -> Collection:
    """The tutorial's collection, whatever the environment says."""
    return collection_with()


@pytest.fixture
def bigquery(monkeypatch) -> FakeBigQuery:
    """What operators find where they look for the BigQuery of their collection."""
    fake = FakeBigQuery()
    monkeypatch.setattr(BigQuery, "of", lambda collection, ti=None: fake)
    return fake
