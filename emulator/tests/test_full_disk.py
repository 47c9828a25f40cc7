"""A disk that is full, and freed again: errors that say so, nothing lost, no job that runs for ever.

The disk is a small tmpfs; without the right to mount one these tests are skipped.
"""

import concurrent.futures
import contextlib
import itertools
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import requests
from emulator_process import EmulatorProcess, wait_until
from google.api_core.exceptions import GoogleAPICallError

MEBIBYTES = 64
TEXT = "the emulator's disk is full"
SECONDS = 30
NUMBERS, ROWS = range(100, 220), 20_000  # statements, and the rows of each: some 100 MB in all


class Disk:
    """A small file system of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._filling = folder / "filling"

    def fill(self, leave: int = 0):
        """Take all the room but some bytes."""
        with self._filling.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        os.truncate(self._filling, max(0, self._filling.stat().st_size - leave))

    def free(self):
        self._filling.unlink()


@pytest.fixture
def disk(tmp_path):
    """The disk, not full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEBIBYTES}m", "tmpfs", folder]
    try:
        done = subprocess.run(mount, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mount")
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def process(disk):
    """An emulator on that disk, with a table ds.t that holds the number 1 and a bucket with an object a."""
    with EmulatorProcess(disk.folder) as process:
        process.bigquery().query_and_wait("CREATE SCHEMA ds; CREATE TABLE ds.t AS SELECT 1 AS n, 'x' AS s")
        process.upload("full", {"a": b"content"})
        yield process


def ask(process, sql: str, **options) -> list:
    rows = process.bigquery().query(sql, retry=None, job_retry=None, timeout=SECONDS, **options)
    return [tuple(row) for row in rows.result(retry=None, job_retry=None, timeout=SECONDS)]


def insert(process, number: int, rows: int = 1) -> str:
    """Insert a number so many times; ok or the error."""
    with_rows = f"INSERT INTO ds.t SELECT {number}, GENERATE_UUID() FROM UNNEST(GENERATE_ARRAY(1, {rows}))"
    try:
        ask(process, with_rows, job_id=f"insert_{number}")
    except GoogleAPICallError as error:
        return str(error)
    return "ok"


_numbers = itertools.count(1000)


def works(process) -> bool:
    """Whether a row can be inserted now."""
    return insert(process, next(_numbers)) == "ok"


def put(process, name: str, data: bytes = b"x" * 10_000) -> requests.Response:
    url = f"{process.storage_url}/upload/storage/v1/b/full/o"
    return requests.post(url, params={"uploadType": "media", "name": name}, data=data, timeout=SECONDS)


def test_an_upload_says_so_and_works_again_when_there_is_room(disk, process):
    disk.fill()
    refused = put(process, "b")
    assert refused.status_code == 507
    assert TEXT in refused.json()["error"]["message"]
    assert process.storage().bucket("full").blob("a").download_as_bytes() == b"content"
    assert list((disk.folder / "objects" / "incoming").iterdir()) == []
    disk.free()
    assert put(process, "b").status_code == 200
    assert [blob.name for blob in process.storage().list_blobs("full")] == ["a", "b"]
    contents = [path for path in (disk.folder / "objects" / "contents").rglob("*") if path.is_file()]
    assert len(contents) == 2


def test_an_upload_in_parts_goes_on_when_there_is_room(disk, process):
    part = 256 * 1024
    url = f"{process.storage_url}/upload/storage/v1/b/full/o?uploadType=resumable&name=parts"
    session = requests.post(url, timeout=SECONDS).headers["Location"]

    def send(number: int):
        headers = {"Content-Range": f"bytes {number * part}-{(number + 1) * part - 1}/{2 * part}"}
        return requests.put(session, data=bytes([number]) * part, headers=headers, timeout=SECONDS)

    assert send(0).status_code == 308
    disk.fill(leave=part // 2)
    assert send(1).status_code == 507
    disk.free()
    assert send(1).status_code == 200
    data = process.storage().bucket("full").blob("parts").download_as_bytes()
    assert data == bytes([0]) * part + bytes([1]) * part


def test_statements_say_so_and_work_again_when_there_is_room(disk, process):
    for number in range(2, 6):
        disk.fill()  # again each time: the emulator has given up its reserve for what it must write
        assert TEXT in insert(process, number, rows=3000)
    disk.fill()
    with pytest.raises(GoogleAPICallError, match=TEXT) as refused:
        ask(process, "CREATE TABLE ds.other AS SELECT 1 AS n")
    assert refused.value.code == 507
    disk.free()
    assert wait_until(lambda: works(process))
    assert ask(process, "SELECT COUNT(*) FROM ds.t WHERE n = 1") == [(1,)]
    assert running_jobs(process) == []
    wait_until((disk.folder / "bigquery" / "reserve").exists)


def test_a_statement_that_fills_the_disk_ends_and_leaves_the_room(process):
    numbers = "UNNEST(GENERATE_ARRAY(1, 3000)) AS a, UNNEST(GENERATE_ARRAY(1, 2000)) AS b"
    huge = f"SELECT a, FORMAT('%0100d', a * b) AS s FROM {numbers}"
    with pytest.raises(GoogleAPICallError, match=TEXT):
        ask(process, f"CREATE TABLE ds.huge AS {huge}", job_id="huge")
    job = process.bigquery().get_job("huge", timeout=SECONDS)
    assert (job.state, job.error_result["reason"]) == ("DONE", "diskFull")
    wait_until(lambda: shutil.disk_usage(process.data).free > MEBIBYTES * 2**20 / 2)
    assert wait_until(lambda: works(process))


def running_jobs(process) -> list[str]:
    jobs = process.bigquery().list_jobs(max_results=1000, retry=None, timeout=SECONDS)
    return [job.job_id for job in jobs if job.state != "DONE"]


def test_many_writers_while_the_disk_fills_and_is_freed(disk, process):
    """Also DuckDB's checkpoints fail here, after which it gives a database up until it is opened again."""
    disk.fill(leave=30 * 2**20)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        first = list(pool.map(lambda number: insert(process, number, rows=ROWS), NUMBERS))
    assert [said for said in first if said != "ok" and TEXT not in said] == []
    assert "ok" in first
    assert any(TEXT in said for said in first)
    disk.free()
    assert wait_until(lambda: works(process))
    wait_until(lambda: running_jobs(process) == [])
    check(process, first)
    process.restart(9)
    check(process, first)


def check(process, said: list[str]):
    """What was acknowledged is there, all of it; what failed is not there in part."""
    found = dict(ask(process, "SELECT n, COUNT(*) FROM ds.t WHERE n BETWEEN 100 AND 999 GROUP BY n"))
    assert set(found.values()) == {ROWS}
    acknowledged = {number for number, text in zip(NUMBERS, said, strict=True) if text == "ok"}
    assert acknowledged <= set(found)
    jobs = {job.job_id: job for job in process.bigquery().list_jobs(max_results=1000, timeout=SECONDS)}
    succeeded = {
        number for number in NUMBERS if (job := jobs.get(f"insert_{number}")) and not job.error_result
    }
    assert succeeded == set(found)


def test_a_job_that_ends_on_a_full_disk_is_done(disk, process):
    """Its end cannot be recorded before there is room, and is told all the same."""
    process.faults(slow_jobs_seconds=1.5)
    client = process.bigquery()
    job = client.query(
        "INSERT INTO ds.t SELECT 2, GENERATE_UUID() FROM UNNEST(GENERATE_ARRAY(1, 3000))",
        job_id="slow",
        job_retry=None,
    )
    assert job.state != "DONE"
    disk.fill()
    wait_until(lambda: client.get_job("slow", timeout=SECONDS).state == "DONE")
    assert TEXT in client.get_job("slow", timeout=SECONDS).error_result["message"]
    assert "slow" not in running_jobs(process)
    disk.free()
    process.faults(slow_jobs_seconds=0)
    assert wait_until(lambda: works(process))
    process.restart()
    assert TEXT in process.bigquery().get_job("slow").error_result["message"]
