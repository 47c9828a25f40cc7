"""Start, ready line, clean stop, state kept."""

import signal
import subprocess
import sys

import pytest
import requests
from emulator_process import ROOT


def test_ready_line_names_both_services_and_the_data_folder(emulator):
    assert emulator.ready_line == (
        f"bqml-emulator ready: bigquery {emulator.url} storage {emulator.storage_url} data {emulator.data}\n"
    )


def test_both_services_answer_when_ready(emulator):
    assert next(iter(emulator.bigquery().query_and_wait("SELECT 1 AS one"))).one == 1
    assert requests.get(f"{emulator.storage_url}/storage/v1/b", timeout=5).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly_and_state_is_kept(own_emulator, number):
    client = own_emulator.bigquery()
    client.query_and_wait("CREATE SCHEMA kept; CREATE TABLE kept.t AS SELECT 7 AS x")
    own_emulator.upload("kept-bucket", {"a/b c.txt": b"content"})
    assert own_emulator.stop(number) == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{own_emulator.storage_url}/storage/v1/b", timeout=5)
    own_emulator.start()
    assert [row.x for row in own_emulator.bigquery().query_and_wait("SELECT x FROM kept.t")] == [7]
    assert own_emulator.storage().bucket("kept-bucket").blob("a/b c.txt").download_as_bytes() == b"content"


def test_both_services_listen_where_they_are_told_and_nowhere_else(elsewhere):
    for url in (f"{elsewhere.url}/emulator/health", f"{elsewhere.storage_url}/storage/v1/b"):
        assert requests.get(url.replace("127.0.0.1", "127.0.0.2"), timeout=5).status_code == 200
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=5)
    assert "bigquery http://127.0.0.2:" in elsewhere.ready_line


def test_a_bad_port_is_named():
    environment = {"EMULATOR_PORT": "ninety", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "bqml_emulator"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "EMULATOR_PORT must be a port number" in done.stderr
