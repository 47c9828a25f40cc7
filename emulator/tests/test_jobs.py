"""Jobs: asynchronous, ids used once, cancelled, surviving a restart and a kill (reference §8)."""

import signal
import time

import pictures
import pytest
import requests
from documented import REST, documented
from emulator_process import EmulatorProcess, wait_until
from google.api_core.exceptions import Conflict, NotFound

IMAGES = 96
EMBED = """
INSERT INTO ds.embeddings (uri, v)
SELECT uri, ml_generate_embedding_result FROM ML.GENERATE_EMBEDDING(MODEL ds.model, TABLE ds.images)
"""


FAULTS = {"hash_model": True, "model_latency_seconds": 0.2}


@pytest.fixture(scope="module")
def module_emulator(tmp_path_factory):
    """An emulator of the module's own, which its tests stop and kill."""
    with EmulatorProcess(tmp_path_factory.mktemp("jobs")) as process:
        pictures.setup(process, "ds", "slow", {f"{n:03d}.png": pictures.unlike(n) for n in range(IMAGES)})
        process.bigquery().query_and_wait("CREATE TABLE ds.embeddings (uri STRING, v ARRAY<FLOAT64>)")
        yield process


@pytest.fixture
def slow(module_emulator):
    """It with an empty table, where embedding 96 images takes 2.4 s: 8 at a time, 0.2 s each.

    `slow.calls()` are the model calls of the test.
    """
    if module_emulator.process.poll() is not None:
        module_emulator.start()
    module_emulator.faults(**FAULTS)
    module_emulator.bigquery().query_and_wait("TRUNCATE TABLE ds.embeddings")
    before = len(module_emulator.ledger())
    module_emulator.calls = lambda: module_emulator.ledger()[before:]
    return module_emulator


def rows(process) -> int:
    """Rows in ds.embeddings."""
    return next(iter(process.bigquery().query_and_wait("SELECT COUNT(*) AS n FROM ds.embeddings"))).n


def start(process, job_id: str):
    """Insert the embedding job and wait until it has called the model."""
    job = process.bigquery().query(EMBED, job_id=job_id, job_retry=None)
    wait_until(lambda: len(process.calls()) >= 16)
    return job


@documented("Jobs", "jobs.insert answers at once; the job goes on without its client", REST + "jobs/insert")
def test_a_long_job_is_answered_at_once_and_lives_on(slow):
    started = time.monotonic()
    job = slow.bigquery().query(EMBED, job_id="long", job_retry=None)
    assert time.monotonic() - started < 3
    assert job.state == "RUNNING"
    url = f"{slow.url}/bigquery/v2/projects/demo-project/queries/long?timeoutMs=0"
    assert requests.get(url, timeout=5).json()["jobComplete"] is False
    del job  # the client is gone; another one finds the job
    found = slow.bigquery().get_job("long")
    found.result()
    assert (found.state, found.num_dml_affected_rows, rows(slow)) == ("DONE", IMAGES, IMAGES)


def test_the_api_answers_while_a_job_runs(slow):
    job = slow.bigquery().query(EMBED, job_id="busy", job_retry=None)
    started = time.monotonic()
    slow.bigquery().query_and_wait("SELECT 1")
    assert time.monotonic() - started < 2
    assert slow.bigquery().get_job("busy").state == "RUNNING"
    for state in ("pending", "running", "done"):
        listed = {found.job_id for found in slow.bigquery().list_jobs(state_filter=state)}
        assert ("busy" in listed) == (state == "running")
    job.result()


def test_an_unknown_job(bigquery):
    with pytest.raises(NotFound, match=r"Not found: Job demo-project:US\.nobody"):
        bigquery.get_job("nobody")


@documented(
    "Jobs", "A cancelled job is DONE, reason `stopped`, and has written nothing", REST + "jobs/cancel"
)
def test_cancel_stops_between_calls_and_writes_nothing(slow):
    job = start(slow, "cancelled")
    job.cancel()
    wait_until(lambda: slow.bigquery().get_job("cancelled").state == "DONE")
    assert slow.bigquery().get_job("cancelled").error_result["reason"] == "stopped"
    calls = len(slow.calls())
    assert calls < IMAGES
    assert rows(slow) == 0
    assert len(slow.calls()) == calls


def test_a_job_is_cancelled_though_it_is_only_being_planned(bigquery):
    lists = "UNNEST(GENERATE_ARRAY(1, 100000)), UNNEST(GENERATE_ARRAY(1, 1000000))"
    for _ in range(3):
        job = bigquery.query(f"SELECT COUNT(*) FROM {lists}", job_retry=None)
        job.cancel()
        wait_until(lambda name=job.job_id: bigquery.get_job(name).state == "DONE")
        assert bigquery.get_job(job.job_id).error_result["reason"] == "stopped"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_job_is_done_with_an_error_and_nothing_half_written(slow, number):
    done = slow.bigquery().query("SELECT 42 AS answer", job_id=f"before-{number}", job_retry=None)
    done.result()
    start(slow, f"interrupted-{number}")
    calls = len(slow.calls())
    slow.restart(number)
    job = slow.bigquery().get_job(f"interrupted-{number}")
    assert (job.state, job.error_result["reason"]) == ("DONE", "jobInternalError")
    assert rows(slow) == 0
    assert calls <= len(slow.calls()) < IMAGES
    assert [row.answer for row in slow.bigquery().get_job(f"before-{number}").result()] == [42]
    with pytest.raises(Conflict):
        slow.bigquery().query("SELECT 1", job_id=f"interrupted-{number}", retry=None, job_retry=None)


def test_a_clean_stop_does_not_wait_for_a_slow_model(slow):
    slow.faults(model_latency_seconds=30)
    slow.bigquery().query(EMBED, job_id="stuck", job_retry=None)
    started = time.monotonic()
    assert slow.stop() == 0
    assert time.monotonic() - started < 15


def test_tables_models_and_connections_survive_a_restart(slow):
    slow.bigquery().query_and_wait('CREATE CONNECTION `mine` OPTIONS (connection_type = "CLOUD_RESOURCE")')
    slow.restart()
    slow.faults(hash_model=True)
    client = slow.bigquery()
    with pytest.raises(Conflict):
        client.query_and_wait('CREATE CONNECTION `mine` OPTIONS (connection_type = "CLOUD_RESOURCE")')
    client.query_and_wait(EMBED)
    assert rows(slow) == IMAGES
    assert client.get_table("ds.images").table_type == "EXTERNAL"


def test_many_small_jobs_side_by_side(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t (x INT64)")
    jobs = [bigquery.query(f"INSERT INTO {dataset}.t VALUES ({n})") for n in range(40)]
    assert [job.result().num_dml_affected_rows for job in jobs] == [1] * 40
    assert bigquery.get_table(f"{dataset}.t").num_rows == 40
