"""What one job and one project may embed, and how refusals read.

Sources: https://docs.cloud.google.com/bigquery/quotas (rows per job, concurrent jobs) and its FAQ, the known
issues of https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-generate-embedding,
and Vertex AI's multimodal embeddings reference (32 tokens); all read 2026-08-22.
"""

import pictures
import pytest
import requests
from documented import GENERATE, QUOTAS, VERTEX, documented

from bqml_emulator.core import limits
from bqml_emulator.core.faults import Faults
from bqml_emulator.embedding import quota

IMAGES = 24
QUOTA = "A retryable error occurred: the maximum size quota per query has reached"
EXHAUSTED = "A retryable error occurred: RESOURCE_EXHAUSTED error from remote service/endpoint."
SPACED = "A retryable error occurred: RESOURCE EXHAUSTED error from <remote endpoint>"


@documented("Model calls", "Rows beyond the rows per job say so, retryably, and are not called", QUOTAS)
def test_rows_beyond_the_rows_per_job_say_so_and_are_not_called(service):
    service.faults(rows_per_job=10)
    assert pictures.statuses(service) == {"": 10, QUOTA: 14}
    assert len(service.calls()) == 10


def test_rows_are_counted_for_each_statement_not_for_each_call_of_the_function(service):
    service.faults(rows_per_job=30)
    both = (
        f"SELECT status, SUM(n) AS n FROM (({pictures.COUNT}) UNION ALL ({pictures.COUNT})) GROUP BY status"
    )
    assert {row.status: row.n for row in service.bigquery().query_and_wait(both)} == {"": 30, QUOTA: 18}
    service.bigquery().query_and_wait(f"CREATE TEMP TABLE one AS {pictures.COUNT}; {pictures.COUNT}")
    assert len(service.calls()) == 30 + 2 * IMAGES


@documented("Model calls", "Rows per job are the requests a minute × 360", QUOTAS)
def test_by_default_the_rows_per_job_are_360_minutes_of_the_quota(service):
    """600 requests a minute are 216,000 rows, so 1 request is 360; NULLs are not called."""
    service.faults(requests_per_minute=1, rows_per_job=None)
    text = "(SELECT IF(n = 1, 'word', NULL) AS content FROM UNNEST(GENERATE_ARRAY(1, 400)) AS n)"
    sql = f"SELECT status, COUNT(*) AS n FROM AI.GENERATE_EMBEDDING(MODEL ds.model, {text}) GROUP BY 1"
    assert {row.status: row.n for row in service.bigquery().query_and_wait(sql)}[QUOTA] == 40


@documented(
    "Model calls", "Each model has requests a minute of its own, gemini-embedding-2 4,000 by default", QUOTAS
)
def test_models_do_not_use_up_one_another_s_quota(service):
    service.bigquery().query_and_wait(
        "CREATE OR REPLACE MODEL ds.gemini REMOTE WITH CONNECTION DEFAULT "
        "OPTIONS (ENDPOINT = 'gemini-embedding-2')"
    )
    service.faults(requests_per_minute=IMAGES, rows_per_job=None)
    pictures.statuses(service)
    assert set(pictures.statuses(service)) == {EXHAUSTED}
    gemini = pictures.COUNT.replace("ds.model", "ds.gemini")
    assert {row.status for row in service.bigquery().query_and_wait(gemini)} == {""}


def test_rows_per_job_go_by_the_quota_of_the_model():
    unlimited = quota.rows_per_job(Faults(), limits.MULTIMODAL_EMBEDDING)
    assert (unlimited, quota.rows_per_job(Faults(), limits.GEMINI_EMBEDDING)) == (216_000, 1_440_000)


@documented("Model calls", "At most 5 jobs of a project embed at a time", QUOTAS)
def test_at_most_five_jobs_of_a_project_embed_at_a_time_and_the_others_wait(service):
    service.faults(model_latency_seconds=1.0)
    jobs = [service.bigquery().query(pictures.COUNT) for _ in range(7)]
    waiting = {job.job_id for job in jobs} - {call["job_id"] for call in service.calls()}
    states = {service.bigquery().get_job(job_id).state for job_id in waiting}
    for job in jobs:
        assert {row.status: row.n for row in job.result()} == {"": IMAGES}
    assert states == {"RUNNING"}
    assert _most_at_a_time(service.calls()) == 5


def _most_at_a_time(calls: list[dict]) -> int:
    times = {}
    for call in calls:
        times.setdefault(call["job_id"], []).append(call["time"])
    spans = [(min(found), max(found)) for found in times.values()]
    return max(sum(start <= moment <= end for start, end in spans) for moment, _ in spans)


def test_a_job_that_waits_for_its_turn_can_be_cancelled(service):
    service.faults(model_latency_seconds=1.0)
    jobs = [service.bigquery().query(pictures.COUNT) for _ in range(6)]
    last = jobs[-1]
    last.cancel()
    for job in jobs[:-1]:
        job.result()
    last.reload()
    assert (last.state, last.error_result["reason"]) == ("DONE", "stopped")
    assert last.job_id not in {call["job_id"] for call in service.calls()}


@documented("Model calls", "There are three retryable texts, of one prefix", GENERATE)
def test_a_client_that_knows_only_one_retryable_text_is_caught(service):
    service.faults(retryable_share=1.0, retryable_texts="all")
    found = pictures.statuses(service)
    assert set(found) == {EXHAUSTED, SPACED, QUOTA}
    service.faults(retryable_share=1.0, retryable_attempts=2)
    assert pictures.statuses(service) == found
    service.faults(retryable_attempts=3, retryable_texts="first")
    assert pictures.statuses(service) == {EXHAUSTED: IMAGES}


@pytest.mark.parametrize("change", [{"rows_per_job": -1}, {"retryable_texts": "some"}])
def test_bad_values_are_refused(service, change):
    answer = requests.put(f"{service.url}/emulator/faults", json=change, timeout=5)
    assert answer.status_code == 400
    assert next(iter(change)) in answer.json()["error"]["message"]


@documented("Model calls", "A text is shortened to 32 tokens", VERTEX)
def test_a_text_is_shortened_to_its_first_32_tokens(service):
    words = [f"w{n}" for n in range(40)]
    texts = [" ".join(words[:count]) for count in (31, 32, 40)]
    values = ", ".join(f"'{text}'" for text in texts)
    sql = f"""SELECT content, TO_JSON_STRING(embedding) AS v FROM AI.GENERATE_EMBEDDING(MODEL ds.model,
    (SELECT content FROM UNNEST([{values}]) AS content), STRUCT(128 AS output_dimensionality))"""
    found = {row.content: row.v for row in service.bigquery().query_and_wait(sql)}
    assert found[texts[1]] == found[texts[2]]
    assert found[texts[0]] != found[texts[1]]
