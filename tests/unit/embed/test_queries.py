"""The query jobs of embed_images get the parameters that their statements read."""

import pytest

from tests.unit.fakes import collection_with, parameters, read_by, statement
from vitrine.embed import queries
from vitrine.embed.report_run import FIGURES

COLLECTION = collection_with()
# What the operators add.
ADDED = {
    "insert_embedding_attempts": {"work_order", "batch_number"},
    "write_work_order": {"work_order", "pass_number"},
    "count_deferred_images": {"work_order"},
    "count_order": {"work_order"},
    "write_run_report": {
        *FIGURES, "cost_usd", "removed", "passes", "outcome", "deferred_reason", "vector_index", "complete",
    },
}  # fmt: skip
JOBS = [
    queries.embed(COLLECTION), queries.plan(COLLECTION), queries.deferred(COLLECTION), queries.order(),
    queries.publish_new(COLLECTION), queries.publish_changed(COLLECTION), queries.quarantine(COLLECTION),
    queries.progress(COLLECTION), queries.replay(COLLECTION), queries.delete_vanished(COLLECTION),
    queries.report(),
]  # fmt: skip


@pytest.mark.parametrize("job", JOBS, ids=statement)
def test_a_job_has_exactly_the_parameters_that_its_statement_reads(job):
    given = {parameter["name"] for parameter in job["query"]["queryParameters"]}
    assert given | ADDED.get(statement(job), set()) == read_by(COLLECTION, job["query"]["query"])


def test_parameters_come_from_the_collection_and_params():
    collection = collection_with(dimension=256, max_removed_share=0.25)
    assert parameters(queries.embed(collection))["dimension"] == "256"
    assert parameters(queries.delete_vanished(collection))["max_share"] == "0.25"
    planned = parameters(queries.plan(collection))
    assert planned["model"] == "multimodalembedding@001/256"
    assert planned["batch_size"] == "{{ params.batch_size }}"


def test_without_a_cap_nothing_is_capped():
    assert queries.budget_images(COLLECTION) == queries.EVERY_IMAGE
    assert queries.budget_images(collection_with(monthly_budget_usd=1)) == 10_000
