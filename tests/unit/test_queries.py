"""The query jobs of embed_images get the parameters that their statements read."""

import re
from pathlib import Path

import pytest

from tests.unit.fakes import parameters
from tests.unit.test_settings import NEEDED
from vitrine import queries
from vitrine.settings import load

SETTINGS = load(NEEDED)
# What the operators add.
ADDED = {
    "insert_embedding_attempts": {"work_order", "batch_number"},
    "write_work_order": {"work_order", "pass_number"},
    "count_deferred_images": {"work_order"},
    "count_order": {"work_order"},
    "replay_quarantine": set(),
    "count_progress": set(),
}
JOBS = [
    queries.embed(SETTINGS), queries.plan(SETTINGS), queries.deferred(SETTINGS), queries.order(),
    queries.progress(SETTINGS), queries.replay(SETTINGS),
]  # fmt: skip


def read_by(path: Path) -> set[str]:
    """The parameters that a statement and what it includes read."""
    text = path.read_text()
    included = re.findall(r"{% include '(.+?)' %}", text)
    return set(re.findall(r"@(\w+)", text)).union(
        *(read_by(Path(SETTINGS.sql_dir) / name) for name in included)
    )


@pytest.mark.parametrize("job", JOBS, ids=lambda job: Path(job["query"]["query"]).stem)
def test_a_job_has_exactly_the_parameters_that_its_statement_reads(job):
    path = Path(SETTINGS.sql_dir) / job["query"]["query"]
    given = {parameter["name"] for parameter in job["query"]["queryParameters"]}
    assert given | ADDED[path.stem] == read_by(path)


def test_parameters_come_from_settings_and_params():
    settings = load({**NEEDED, "VITRINE_DIMENSION": "256"})
    assert parameters(queries.embed(settings))["dimension"] == "256"
    planned = parameters(queries.plan(settings))
    assert planned["model"] == "multimodalembedding@001/256"
    assert planned["batch_size"] == "{{ params.batch_size }}"


def test_without_a_cap_nothing_is_capped():
    assert queries.budget_images(SETTINGS) == queries.EVERY_IMAGE
    assert queries.budget_images(load({**NEEDED, "VITRINE_MONTHLY_BUDGET_USD": "1"})) == 10_000
