"""The query jobs of maintain_vector_index get the parameters that their statements read."""

import pytest

from tests.unit.fakes import collection_with, parameters, read_by, statement
from vitrine.index import queries, recall

COLLECTION = collection_with()
# What MeasureRecallOperator adds.
ADDED = {
    "write_index_health": {
        "rebuilt", "vector_index", "drift", "fraction_lists_to_search",
        *(f"{kind}_{figure}" for kind in recall.KINDS for figure in ("queries", "recall")),
    }
}  # fmt: skip


@pytest.mark.parametrize(
    "job", [queries.recall(COLLECTION), queries.drift(), queries.index_health(COLLECTION)], ids=statement
)
def test_a_job_has_exactly_the_parameters_that_its_statement_reads(job):
    given = set(parameters(job))
    assert given | ADDED.get(statement(job), set()) == read_by(COLLECTION, job["query"]["query"])


@pytest.mark.parametrize("job", [queries.recall(COLLECTION), queries.drift()], ids=statement)
def test_a_measurement_after_a_rebuild_is_no_answer_from_the_cache(job):
    """A rebuild changes no table, so BigQuery would repeat what it has answered before."""
    assert job["query"]["useQueryCache"] is False
