"""What the preflight decides by itself."""

from datetime import date

import pytest

from tests.unit.fakes import collection_with
from vitrine.setup.checks import Outcome
from vitrine.setup.preflight import check_model, is_near

TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("dataset", "bucket", "kind", "near"),
    [
        ("US", "US", "multi-region", True),
        ("US", "US-CENTRAL1", "region", True),
        ("us-central1", "US-CENTRAL1", "region", True),
        ("EU", "EUROPE-WEST1", "region", True),
        ("US", "NAM4", "dual-region", True),
        ("US", "EU", "multi-region", False),
        ("EU", "US-CENTRAL1", "region", False),
        ("us-central1", "US", "multi-region", False),
        ("us-central1", "US-EAST1", "region", False),
    ],
)
def test_where_bigquery_reads_a_bucket(dataset, bucket, kind, near):
    assert is_near(dataset, bucket, kind) is near


@pytest.mark.parametrize(
    ("settings", "day", "outcome", "said"),
    [
        ({}, TODAY, Outcome.GOOD, "retires on 2027-04-01"),
        ({}, date(2027, 4, 1), Outcome.BAD, "retired on 2027-04-01"),
        ({"location": "EU"}, TODAY, Outcome.BAD, "is not served in EU, but in US and single regions"),
        ({"location": "europe-west1"}, TODAY, Outcome.GOOD, "served in europe-west1"),
        (
            {"endpoint": "gemini-embedding-2", "location": "europe-west1"},
            TODAY,
            Outcome.BAD,
            "but in US and us-central1",
        ),
        ({"endpoint": "gemini-embedding-2"}, date(2030, 1, 1), Outcome.GOOD, "served in US"),
    ],
)
def test_the_endpoint_must_be_served_there_on_that_day(settings, day, outcome, said):
    found = check_model(collection_with(**settings), day)
    assert (found.outcome, said in found.found) == (outcome, True), found
    assert bool(found.paste) is (outcome is Outcome.BAD)
