"""The query jobs of embed_images get the parameters that their statements read."""

import pytest

from tests.unit.fakes import collection_with, parameters, read_by, statement
from vitrine.embed import lease, queries
from vitrine.embed.report_run import FIGURES
from vitrine.google.jobs import query_job

COLLECTION = collection_with()
LEASE = {"lease_id", "lease_lost", "lease_minutes"}
BATCH = {"work_order", "batch_number", "planned_at"}
# What the operators add.
ADDED = {
    "refresh_listing": LEASE,
    "plan_batches": {*LEASE, "work_order", "most_batches"},
    "renew_lease": LEASE,
    "insert_embedding_attempts": BATCH,
    "insert_failed_attempts": {*BATCH, "status"},
    "settle_batch": {*BATCH, "lease_id", "lease_lost"},
    "check_pass": {*LEASE, "is_released"},
    "ask_one_image": BATCH,
    "sync_bucket": LEASE,
    "take_lease": {"lease_id", "earlier_lease_id", "lease_minutes", "holder"},
    "write_run_report": {
        *FIGURES,
        "lease_id",
        "cost_usd",
        "removed",
        "passes",
        "jobs",
        "bytes_billed",
        "stages",
        "failures",
        "reason",
        "outcome",
        "deferred_reason",
        "vector_index",
        "complete",
    },
}
JOBS = [
    queries.list_bucket(),
    queries.plan(COLLECTION, 1),
    queries.embed(COLLECTION),
    queries.failed_batch(COLLECTION),
    queries.settle(),
    queries.check(COLLECTION, "plan"),
    queries.ask_one_image(COLLECTION, was_embedded=True),
    queries.sync_bucket(COLLECTION),
    queries.run_progress(COLLECTION),
    queries.report(),
    query_job("embed/renew_lease.sql"),
    lease.TAKE,
]


@pytest.mark.parametrize("job", JOBS, ids=statement)
def test_a_job_has_exactly_the_parameters_that_its_statement_reads(job):
    given = {parameter["name"] for parameter in job["query"]["queryParameters"]}
    assert given | ADDED.get(statement(job), set()) == read_by(COLLECTION, job["query"]["query"])


def test_parameters_come_from_the_collection_and_params():
    collection = collection_with(
        dimension=256, max_removed_share=0.25, max_terminal_share=0.5, max_images_per_run=7
    )
    assert parameters(queries.embed(collection))["dimension"] == "256"
    assert parameters(queries.sync_bucket(collection))["max_share"] == "0.25"
    assert parameters(queries.check(collection, "plan"))["max_terminal_share"] == "0.5"
    planned = parameters(queries.plan(collection, 1))
    assert planned["model"] == "multimodalembedding@001/256"
    assert planned["batch_size"] == "{{ batch_size(params.batch_size | int) }}"
    assert (planned["lanes"], planned["images_per_run"]) == (str(collection.lanes), "7")


def test_a_repair_pass_neither_replays_nor_counts_a_second_limit():
    first, second = (parameters(queries.plan(COLLECTION, number)) for number in (1, 2))
    assert first["replay"] == queries.REPLAY
    assert second["replay"] == "false"
    assert second["images_per_run"] == str(queries.EVERY_IMAGE)


def test_a_repair_pass_asks_for_no_more_than_the_quota():
    first, second = (parameters(queries.plan(COLLECTION, number)) for number in (1, 2))
    assert (first["lanes"], second["lanes"]) == ("3", "2")


@pytest.mark.parametrize(("choice", "most"), [(None, queries.EVERY_IMAGE), (5, 5), (5.0, 5)])
def test_a_person_may_limit_the_images_of_a_run(choice, most):
    assert queries.most_images({"max_images": choice}) == most


def test_without_a_cap_nothing_is_capped():
    assert queries.budget_images(COLLECTION) == queries.EVERY_IMAGE
    assert queries.budget_images(collection_with(monthly_budget_usd=1)) == 10_000
