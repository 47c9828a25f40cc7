"""The task that spends money."""

from tests.unit.fakes import parameters
from vitrine.jobs import query_job, string
from vitrine.operators.embed_batch import EmbedBatchOperator
from vitrine.planning import Batch


def test_a_batch_names_its_jobs_and_fills_its_statement():
    operator = EmbedBatchOperator(
        task_id="embed_batch", dataset="ds", configuration=query_job("embed.sql", string("model", "m")),
        batch=Batch(work_order="vitrine_embed-ds-run-pass1-try1", batch_number=4, images=25_000, bytes=1),
    )  # fmt: skip
    assert operator.job_id == "vitrine_embed-ds-run-pass1-try1-batch4"
    assert parameters(operator.configuration) == {
        "model": "m", "work_order": "vitrine_embed-ds-run-pass1-try1", "batch_number": "4",
    }  # fmt: skip
    assert operator.deferrable
    assert not operator.cancel_on_kill, "a cancelled job's calls are paid and its vectors lost"
