"""One wave after the other."""

import pytest
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

from tests.unit.fakes import context
from vitrine.embed.next_wave import NextWaveOperator


@pytest.fixture
def triggered(monkeypatch) -> list[dict]:
    """The Params of the runs that were triggered."""
    sent: list[dict] = []
    monkeypatch.setattr(TriggerDagRunOperator, "execute", lambda operator, _: sent.append(operator.conf))
    return sent


@pytest.mark.parametrize(
    ("report", "keep_going", "follows"),
    [
        ({"deferred": 7, "deferred_reason": "max_images_per_run"}, True, True),
        ({"deferred": 7, "deferred_reason": "max_images_per_run"}, False, False),
        ({"deferred": 7, "deferred_reason": "monthly_budget"}, True, False),
        ({"deferred": 7, "deferred_reason": "max_images"}, True, False),
        ({"deferred": 0, "deferred_reason": ""}, True, False),
        (None, True, False),
    ],
    ids=["full", "full, nobody asked", "the budget is spent", "a person's limit", "all done", "no report"],
)
def test_a_full_run_is_followed_by_the_next_if_a_person_has_said_so(triggered, report, keep_going, follows):
    operator = NextWaveOperator(task_id="next_wave", trigger_dag_id="a_dag", report="report")
    given = context({"keep_going": keep_going}, report__return_value=report)
    given["dag_run"].conf = {"keep_going": keep_going, "order": "oldest"}
    operator.execute(given)
    assert triggered == ([{"keep_going": True, "order": "oldest"}] if follows else [])
    assert operator.skip_when_already_exists, "a cleared run must not fail over the wave that it has started"
