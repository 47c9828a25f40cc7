"""`kill -9` in the middle of many writers: every job is all there or not there at all, and says so.

EMULATOR_KILLS=50 in the environment kills as often; by default fewer times, to keep the tests short.
"""

import contextlib
import hashlib
import itertools
import os
import random
import signal
import threading
import time
from pathlib import Path

import duckdb
import requests
from emulator_process import EmulatorProcess
from google.api_core.exceptions import GoogleAPICallError, NotFound, RetryError
from google.cloud.bigquery import DEFAULT_RETRY, LoadJobConfig, QueryJobConfig

KILLS = int(os.environ.get("EMULATOR_KILLS", "3"))
SECONDS = (0.5, 3.0)  # between the start of the writers and the kill
ROWS = 300  # of each job
GONE = (
    requests.RequestException,
    GoogleAPICallError,
    RetryError,
    OSError,
)  # for a client of a dead server
AGAIN = DEFAULT_RETRY.with_delay(0.1, 0.5)  # who waits for a job asks soon after the restart
NUMBERS = f"SELECT '{{id}}' AS job, n FROM UNNEST(GENERATE_ARRAY(1, {ROWS})) AS n"
STATEMENTS = {
    "insert": f"INSERT INTO ds.log (job, n) {NUMBERS}",
    "merge": f"MERGE ds.log AS t USING ({NUMBERS}) AS s ON t.job = s.job "
    "WHEN NOT MATCHED THEN INSERT (job, n) VALUES (s.job, s.n)",
    "create": f"CREATE TABLE ds.{{id}} AS {NUMBERS}",
    "declare": f"CREATE TABLE ds.{{id}} (job STRING NOT NULL, n INT64 DEFAULT 7) AS {NUMBERS}",
}


def query(client, job_id: str, kind: str):
    sql = STATEMENTS[kind].format(id=job_id)
    client.query(sql, job_id=job_id, retry=None, job_retry=None).result(retry=AGAIN)


def load(client, job_id: str, _):
    config = LoadJobConfig(autodetect=True)
    rows = [{"job": job_id, "n": n} for n in range(ROWS)]
    job = client.load_table_from_json(rows, "ds.log", job_id=job_id, job_config=config, num_retries=0)
    job.result(retry=AGAIN)


def select(client, job_id: str, _):
    config = QueryJobConfig(destination=f"{client.project}.ds.log", write_disposition="WRITE_APPEND")
    sql = NUMBERS.format(id=job_id)
    client.query(sql, job_id=job_id, job_config=config, retry=None, job_retry=None).result(retry=AGAIN)


KINDS = dict.fromkeys(STATEMENTS, query) | {"load": load, "select": select}


class Writers:
    """Threads that write until they are stopped; what they began, and what they were told is done."""

    def __init__(self, process: EmulatorProcess, number: int):
        self.process, self.number = process, number
        self.stopping = threading.Event()
        self.begun: list[str] = []
        self.acknowledged: set[str] = set()
        self.uploaded: set[str] = set()
        tasks = [*KINDS.items(), *KINDS.items()]
        self.threads = [threading.Thread(target=self.write, args=(i, *task)) for i, task in enumerate(tasks)]
        self.threads.append(threading.Thread(target=self.upload))
        for thread in self.threads:
            thread.start()

    def write(self, thread: int, kind: str, start):
        client = self.process.bigquery()
        for count in itertools.takewhile(lambda _: not self.stopping.is_set(), itertools.count()):
            job_id = f"r{self.number}_{kind}_{thread}_{count}"
            self.begun.append(job_id)
            with contextlib.suppress(*GONE):
                start(client, job_id, kind)
                self.acknowledged.add(job_id)

    def upload(self):
        for count in itertools.takewhile(lambda _: not self.stopping.is_set(), itertools.count()):
            name = f"r{self.number}_{count}"
            with contextlib.suppress(*GONE):
                self.process.upload("crashes", {name: content(name)})
                self.uploaded.add(name)

    def wait_for_the_first(self, seconds: float = 60):
        """Return once one was told that its job is done; fail at the deadline."""
        deadline = time.monotonic() + seconds
        while not self.acknowledged:
            assert time.monotonic() < deadline, f"no job is done after {seconds} s"
            time.sleep(0.05)

    def stop(self):
        """Let the threads finish what they do."""
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def content(name: str) -> bytes:
    """Some 100 kB that differ for every name."""
    return hashlib.shake_256(name.encode()).digest(100_000)


def outcome(client, job_id: str) -> str:
    """ok, failed or unknown (the request never arrived)."""
    try:
        job = client.get_job(job_id)
    except NotFound:
        return "unknown"
    assert job.state == "DONE", f"{job_id} is {job.state}"
    return "failed" if job.error_result else "ok"


def check(process: EmulatorProcess, begun: list[str], acknowledged: set[str]) -> dict[str, str]:
    """What the jobs say must be what the tables hold; the outcomes."""
    client = process.bigquery()
    outcomes = {job_id: outcome(client, job_id) for job_id in begun}
    written = {
        row.job: row.n for row in client.query_and_wait("SELECT job, COUNT(*) AS n FROM ds.log GROUP BY 1")
    }
    for table in client.list_tables("ds"):
        if table.table_id != "log":
            written[table.table_id] = client.get_table(table.reference).num_rows
    assert {written.get(job_id, 0) for job_id in begun} <= {0, ROWS}
    assert {job_id for job_id in begun if written.get(job_id)} == {
        job_id for job_id, said in outcomes.items() if said == "ok"
    }
    assert acknowledged <= {job_id for job_id, said in outcomes.items() if said == "ok"}
    return outcomes


def check_objects(process: EmulatorProcess, uploaded: set[str]):
    """Every upload that was answered is there, and nothing is there in part."""
    blobs = {blob.name: blob for blob in process.storage().list_blobs("crashes")}
    assert uploaded <= set(blobs)
    assert [name for name, blob in blobs.items() if blob.download_as_bytes() != content(name)] == []


def test_kill_at_random_moments(tmp_path):
    chance = random.Random(7)
    uploaded, everything, acknowledged = set(), [], set()
    outcomes = {}
    with EmulatorProcess(tmp_path) as process:
        process.bigquery().query_and_wait("CREATE SCHEMA ds; CREATE TABLE ds.log (job STRING, n INT64)")
        for number in range(KILLS):
            writers = Writers(process, number)
            time.sleep(chance.uniform(*SECONDS))  # the random moment, not a synchronisation
            if number == KILLS - 1:
                writers.wait_for_the_first()  # which none of them has done by then on a busy machine
            writers.stopping.set()
            process.restart(signal.SIGKILL)
            writers.stop()
            outcomes |= check(process, writers.begun, writers.acknowledged)
            everything += writers.begun
            acknowledged |= writers.acknowledged
            uploaded |= writers.uploaded
        assert check(process, everything, acknowledged) == outcomes
        check_objects(process, uploaded)
    said = list(outcomes.values())
    print({each: said.count(each) for each in ("ok", "failed", "unknown")}, len(uploaded), "uploads")
    assert {"ok", "failed"} <= set(said)


def rewind(database: Path):
    """Put the jobs of a stopped emulator back to where the process dies after the data were committed."""
    with duckdb.connect(database) as connection:
        connection.execute(
            "UPDATE jobs SET state = 'RUNNING', resource = json_merge_patch(resource, "
            """'{"status": {"state": "RUNNING"}, "configuration": {"query": {"destinationTable": null}}, """
            """"statistics": {"query": null, "load": null, "startTime": null, "endTime": null}}')"""
        )
        connection.execute("DELETE FROM tables WHERE table_id = 'made'")


def test_a_job_whose_data_are_committed_has_succeeded(own_emulator):
    client = own_emulator.bigquery()
    client.query_and_wait("CREATE SCHEMA ds; CREATE TABLE ds.log (job STRING, n INT64)")
    for kind, start in KINDS.items():
        start(client, f"one_{kind}", kind)
    create = f"CREATE TABLE ds.made CLUSTER BY n AS {NUMBERS}"
    client.query(create, job_id="made", job_retry=None).result()
    client.query("SELECT 1", job_id="read", job_retry=None).result()
    own_emulator.stop(signal.SIGKILL)
    rewind(own_emulator.data / "bigquery" / "emulator.duckdb")
    own_emulator.start()
    begun = [f"one_{kind}" for kind in KINDS]
    assert check(own_emulator, begun, set(begun)) == dict.fromkeys(begun, "ok")
    assert client.get_job("one_merge").num_dml_affected_rows == ROWS
    assert client.get_job("one_create").ddl_operation_performed == "CREATE"
    assert client.get_table("ds.made").clustering_fields == ["n"]
    assert {str(client.get_job(name).destination) for name in ("one_insert", "one_merge")} == {
        f"{client.project}.ds.log"
    }
    assert str(client.get_job("made").destination) == f"{client.project}.ds.made"
    for job in map(client.get_job, (*begun, "read")):
        assert job.created <= job.started <= job.ended
    assert client.get_job("read").error_result["reason"] == "jobInternalError"
    own_emulator.stop(signal.SIGKILL)
    rewind(own_emulator.data / "bigquery" / "emulator.duckdb")
    own_emulator.start()
    assert client.get_job("one_merge").error_result["reason"] == "jobInternalError"  # the notes are used once
