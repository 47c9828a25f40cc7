"""Jobs: asynchronous, ids used once, cancelled, surviving a restart and a kill (reference §8)."""

import contextlib
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


@contextlib.contextmanager
def slow_emulator(data):
    """An emulator where embedding 96 images takes 2.4 s: 8 at a time, 0.2 s each."""
    with EmulatorProcess(data) as process:
        pictures.setup(process, "ds", "slow", {f"{n:03d}.png": pictures.unlike(n) for n in range(IMAGES)})
        process.bigquery().query_and_wait("CREATE TABLE ds.embeddings (uri STRING, v ARRAY<FLOAT64>)")
        process.faults(hash_model=True, model_latency_seconds=0.2)
        yield process


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with slow_emulator(tmp_path_factory.mktemp("jobs")) as process:
        yield process


@pytest.fixture
def slow(shared):
    """A slow emulator with an empty table; `slow.calls()` are the model calls of the test."""
    shared.bigquery().query_and_wait("TRUNCATE TABLE ds.embeddings")
    before = len(shared.ledger())
    shared.calls = lambda: shared.ledger()[before:]
    return shared


@pytest.fixture
def own(tmp_path):
    """A slow emulator that the test may stop and kill."""
    with slow_emulator(tmp_path) as process:
        process.calls = process.ledger
        yield process


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
def test_an_interrupted_job_is_done_with_an_error_and_nothing_half_written(own, number):
    done = own.bigquery().query("SELECT 42 AS answer", job_id="before", job_retry=None)
    done.result()
    start(own, "interrupted")
    calls = len(own.ledger())
    own.restart(number)
    job = own.bigquery().get_job("interrupted")
    assert (job.state, job.error_result["reason"]) == ("DONE", "jobInternalError")
    assert rows(own) == 0
    assert calls <= len(own.ledger()) < IMAGES
    assert [row.answer for row in own.bigquery().get_job("before").result()] == [42]
    with pytest.raises(Conflict):
        own.bigquery().query("SELECT 1", job_id="interrupted", retry=None, job_retry=None)


def test_a_clean_stop_does_not_wait_for_a_slow_model(own):
    own.faults(model_latency_seconds=30)
    own.bigquery().query(EMBED, job_id="stuck", job_retry=None)
    started = time.monotonic()
    assert own.stop() == 0
    assert time.monotonic() - started < 15


def test_tables_models_and_connections_survive_a_restart(own):
    own.bigquery().query_and_wait('CREATE CONNECTION `mine` OPTIONS (connection_type = "CLOUD_RESOURCE")')
    own.restart()
    own.faults(hash_model=True)
    client = own.bigquery()
    with pytest.raises(Conflict):
        client.query_and_wait('CREATE CONNECTION `mine` OPTIONS (connection_type = "CLOUD_RESOURCE")')
    client.query_and_wait(EMBED)
    assert rows(own) == IMAGES
    assert client.get_table("ds.images").table_type == "EXTERNAL"


def test_many_small_jobs_side_by_side(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t (x INT64)")
    jobs = [bigquery.query(f"INSERT INTO {dataset}.t VALUES ({n})") for n in range(40)]
    assert [job.result().num_dml_affected_rows for job in jobs] == [1] * 40
    assert bigquery.get_table(f"{dataset}.t").num_rows == 40
