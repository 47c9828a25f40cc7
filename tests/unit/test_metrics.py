"""The gauges that monitoring sees."""

import pytest
from airflow.sdk.observability import stats

from tests.unit.fakes import collection_with
from vitrine import metrics
from vitrine.embed import stages
from vitrine.google.bigquery import JobFigures

REPORT = dict.fromkeys((*metrics.OUTCOMES, *metrics.COSTS), 0) | {"published": 45, "cost_usd": 0.0045}


@pytest.fixture
def sent(monkeypatch) -> dict[tuple, float]:
    """Gauges by name and tags."""
    gauges: dict[tuple, float] = {}

    def gauge(name, value, *, tags):
        gauges[name, *sorted(tags.items())] = value

    monkeypatch.setattr(stats, "gauge", gauge)
    return gauges


def of_met(name: str, **tags: str) -> tuple:
    """The key of a gauge of the collection."""
    return (name, *sorted({"collection": "met", "model": "default", **tags}.items()))


def test_a_report_says_what_became_of_images_what_it_cost_and_how_long_each_stage_took(sent):
    spent = stages.by_kind(
        [JobFigures("embed_batch", 10, False)], ["embed_batch"], calls=45, in_vain=0, asked_again=0
    )
    spent[0]["seconds"] = 12.5
    metrics.of_run(collection_with(), REPORT, spent, complete=True)
    assert sent[of_met("vitrine.run.complete")] == 1
    assert sent[of_met("vitrine.run.images", outcome="published")] == 45
    assert sent[of_met("vitrine.run.images", outcome="pending")] == 0
    assert sent[of_met("vitrine.run.cost_usd")] == 0.0045
    assert sent[of_met("vitrine.run.seconds", stage="embed_batch")] == 12.5
    assert sent[of_met("vitrine.run.completed_at")] > 1_700_000_000
    assert len(sent) == 2 + len(metrics.OUTCOMES) + len(metrics.COSTS) + 1


def test_models_of_a_collection_have_gauges_of_their_own(sent):
    other = collection_with(models='{"default": {}, "small": {"dimension": 128}}').using("small")
    metrics.of_backlog(other, {"backlog": 3, "backlog_seconds": 60})
    tags = (("collection", "met"), ("model", "small"))
    assert sent == {("vitrine.backlog.images", *tags): 3, ("vitrine.backlog.age", *tags): 60}


def test_what_is_not_known_is_not_sent(sent):
    metrics.gauge(collection_with(), "index.recall", None)
    assert sent == {}


def test_the_coverage_of_anybodys_index_is_sent(sent):
    metrics.of_index("p.d.t.ix", 97, {"team": "curators"})
    metrics.of_index("p.d.t.met", 99, collection_with().job_labels)
    metrics.of_index("p.d.t.none", None, {})
    assert sent == {
        ("vitrine.index.coverage", ("index", "p.d.t.ix")): 97,
        of_met("vitrine.index.coverage", index="p.d.t.met"): 99,
    }
