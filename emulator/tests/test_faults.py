"""Outages, dying jobs and failing API requests, set at run time and reproducible by a seed.

Source of the reasons and of what a client may do about them:
https://docs.cloud.google.com/bigquery/docs/error-messages (2026-08-22).
"""

import time

import pictures
import pytest
import requests
from documented import ERRORS, documented
from emulator_process import wait_until
from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.cloud.bigquery import LoadJobConfig

EXHAUSTED = "A retryable error occurred: RESOURCE_EXHAUSTED error from remote service/endpoint."
WRITE = "CREATE TABLE {table} AS SELECT * FROM AI.GENERATE_EMBEDDING(MODEL ds.model, TABLE ds.images)"
IMAGES = 11


def test_in_an_outage_every_call_fails_retryably(service):
    service.faults(outage=True)
    assert pictures.statuses(service) == {EXHAUSTED: IMAGES}
    assert {call["outcome"] for call in service.calls()} == {"retryable"}
    service.faults(outage=False)
    assert pictures.statuses(service) == {"": IMAGES}


def test_an_outage_may_come_in_windows(service):
    service.faults(outage=[[0, 2], [3600, 7200]])
    assert pictures.statuses(service) == {EXHAUSTED: IMAGES}
    set_at = time.monotonic()
    wait_until(lambda: pictures.statuses(service) == {"": IMAGES})
    assert time.monotonic() - set_at < 10
    service.faults(seed=1)  # another fault does not begin the windows anew
    assert pictures.statuses(service) == {"": IMAGES}


def test_a_dying_job_has_made_half_of_its_calls_and_written_nothing(service):
    service.faults(dying_jobs="doomed")
    job = service.bigquery().query(WRITE.format(table="ds.dead"), job_id="a-doomed-job", job_retry=None)
    with pytest.raises(GoogleAPICallError, match="internal error"):
        job.result(job_retry=None)
    job = service.bigquery().get_job("a-doomed-job")
    assert (job.state, job.error_result["reason"]) == ("DONE", "jobBackendError")
    assert [call["outcome"] for call in service.calls()] == ["ok"] * 6
    with pytest.raises(NotFound):
        service.bigquery().get_table("ds.dead")
    service.bigquery().query(WRITE.format(table="ds.alive"), job_id="a-lucky-job", job_retry=None).result()
    assert service.bigquery().get_table("ds.alive").num_rows == IMAGES


def test_a_poisoned_image_kills_every_job_that_comes_to_it(service):
    """What is called before it stays paid; without it the same statement succeeds."""
    service.faults(poison_uris=["gs://faulty/04.png"])
    for _ in range(2):
        job = service.bigquery().query(WRITE.format(table="ds.poisoned"), job_retry=None)
        with pytest.raises(GoogleAPICallError, match="internal error"):
            job.result(job_retry=None)
        job.reload()
        assert (job.state, job.error_result["reason"]) == ("DONE", "jobInternalError")
    called = [call["uri"] for call in service.calls()]
    assert called
    assert len(called) % 2 == 0
    assert "gs://faulty/04.png" not in called
    with pytest.raises(NotFound):
        service.bigquery().get_table("ds.poisoned")
    others = "(SELECT * FROM ds.images WHERE uri != 'gs://faulty/04.png')"
    service.bigquery().query_and_wait(WRITE.format(table="ds.cured").replace("TABLE ds.images", others))
    assert service.bigquery().get_table("ds.cured").num_rows == IMAGES - 1


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO ds.kept (uri) SELECT uri FROM {call}",
        "MERGE ds.kept AS t USING (SELECT uri FROM {call}) AS s ON t.uri = s.uri "
        "WHEN NOT MATCHED THEN INSERT (uri) VALUES (s.uri)",
        "DELETE FROM ds.kept WHERE TRUE",
        "DROP TABLE ds.kept",
    ],
)
def test_a_dying_job_changes_no_table(service, statement):
    service.bigquery().query_and_wait("CREATE OR REPLACE TABLE ds.kept AS SELECT 'gs://before' AS uri")
    service.faults(dying_jobs="doomed")
    call = "AI.GENERATE_EMBEDDING(MODEL ds.model, TABLE ds.images)"
    job = service.bigquery().query(statement.format(call=call), job_id_prefix="doomed-", job_retry=None)
    with pytest.raises(GoogleAPICallError, match="internal error"):
        job.result(job_retry=None)
    service.faults(dying_jobs=None)
    found = [row.uri for row in service.bigquery().query_and_wait("SELECT uri FROM ds.kept")]
    assert found == ["gs://before"]


def load(client, job_id: str):
    """Start to load three rows into ds.loaded."""
    table = f"{client.project}.ds.loaded"
    client.delete_table(table, not_found_ok=True)
    config = LoadJobConfig(write_disposition="WRITE_TRUNCATE", autodetect=True)
    return client.load_table_from_json([{"x": n} for n in range(3)], table, job_id=job_id, job_config=config)


def query(client, job_id: str):
    """Start to write three rows into ds.loaded."""
    sql = "CREATE OR REPLACE TABLE ds.loaded AS SELECT x FROM UNNEST([1, 2, 3]) AS x"
    return client.query(sql, job_id=job_id, job_retry=None)


@pytest.mark.parametrize("start", [load, query])
def test_a_stuck_job_runs_until_it_is_cancelled_or_the_fault_is_lifted(service, start):
    client = service.bigquery()
    service.faults(stuck_jobs="stuck")
    first, second = (start(client, f"stuck-{start.__name__}-{number}") for number in (1, 2))
    start(client, f"free-{start.__name__}").result()
    client.delete_table("ds.loaded")
    first.cancel()
    wait_until(lambda: client.get_job(first.job_id).state == "DONE")
    assert client.get_job(first.job_id).error_result["reason"] == "stopped"
    assert client.get_job(second.job_id).state == "RUNNING"
    with pytest.raises(NotFound):
        client.get_table("ds.loaded")
    service.faults(stuck_jobs=None)
    second.result()
    assert client.get_table("ds.loaded").num_rows == 3


@pytest.mark.parametrize("start", [load, query])
def test_a_slow_job_takes_its_time(service, start):
    service.faults(slow_jobs_seconds=1.5)
    job = start(service.bigquery(), f"slow-{start.__name__}")
    job.result()
    assert (job.ended - job.started).total_seconds() >= 1.5


def test_a_load_job_dies_too_and_leaves_no_table(service):
    service.faults(dying_jobs="doomed")
    with pytest.raises(GoogleAPICallError, match="internal error"):
        load(service.bigquery(), "doomed-load").result()
    with pytest.raises(NotFound):
        service.bigquery().get_table("ds.loaded")


def outcomes(service, requests_made: int) -> list[int]:
    """The HTTP statuses of some requests, one after another."""
    url = f"{service.url}/bigquery/v2/projects/demo-project/datasets"
    return [requests.get(url, timeout=5).status_code for _ in range(requests_made)]


def test_a_share_of_the_api_requests_fails_as_the_seed_decides(service):
    service.faults(http_errors=0.5, seed=1)
    first = outcomes(service, 60)
    assert set(first) == {200, 429, 500, 503}
    assert 15 < first.count(200) < 45
    service.faults(http_errors=0.5, seed=2)
    assert outcomes(service, 60) != first
    service.faults(http_errors=0.5, seed=1)
    assert outcomes(service, 60) == first


@documented("Jobs", "Errors 429, 500 and 503 have the documented shape and reason", ERRORS)
def test_the_errors_have_the_shape_and_reason_that_clients_look_at(service):
    service.faults(http_errors=1.0)
    url = f"{service.url}/bigquery/v2/projects/demo-project/datasets"
    found = {}
    for _ in range(40):
        answer = requests.get(url, timeout=5)
        error = answer.json()["error"]
        assert error["code"] == answer.status_code
        found[answer.status_code] = error["errors"][0]["reason"]
    assert found == {429: "rateLimitExceeded", 500: "internalError", 503: "backendError"}
    assert requests.get(f"{service.url}/emulator/health", timeout=5).status_code == 200


@documented("Jobs", "After a 503 of jobs.insert the job may exist: the same id is refused then", ERRORS)
def test_a_request_answered_503_was_carried_out(service):
    """So a job may exist though its insertion failed: the same job id tells."""
    service.faults(http_errors=1.0)
    url = f"{service.url}/bigquery/v2/projects/demo-project/jobs"
    query = {"query": {"query": "SELECT 1", "useLegacySql": False}}
    codes = {}
    for number in range(20):
        body = {"jobReference": {"projectId": "demo-project", "jobId": f"n{number}"}, "configuration": query}
        codes[f"n{number}"] = requests.post(url, json=body, timeout=10).status_code
    service.faults(http_errors=0.0)
    started = {name for name in codes if requests.get(f"{url}/{name}", timeout=5).status_code == 200}
    assert started == {name for name, code in codes.items() if code == 503}
    assert 0 < len(started) < 20


def test_the_official_client_gets_through(service):
    service.faults(http_errors=0.3)
    assert [row.x for row in service.bigquery().query("SELECT 7 AS x").result()] == [7]
    assert "images" in {table.table_id for table in service.bigquery().list_tables("ds")}


@pytest.mark.parametrize(
    "change",
    [
        {"poison_uris": [1]},
        {"outage": 1},
        {"outage": [[1]]},
        {"outage": [[-1, 2]]},
        {"dying_jobs": ""},
        {"http_errors": 1.5},
    ],
)
def test_bad_values_are_refused(service, change):
    answer = requests.put(f"{service.url}/emulator/faults", json=change, timeout=5)
    assert answer.status_code == 400
    assert next(iter(change)) in answer.json()["error"]["message"]
    assert service.faults() == service.defaults | {"hash_model": True}
