"""Query jobs with many parameters."""

from tests.unit.fakes import parameters
from tests.unit.test_settings import NEEDED
from vitrine import queries
from vitrine.settings import load


def test_parameters_come_from_settings_and_params():
    settings = load({**NEEDED, "VITRINE_DIMENSION": "256"})
    assert parameters(queries.embed(settings))["dimension"] == "256"
    planned = parameters(queries.plan(settings))
    assert planned["model"] == "multimodalembedding@001/256"
    assert planned["batch_size"] == "{{ params.batch_size }}"
