"""Start, stop and kill an emulator process for tests."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage

ROOT = Path(__file__).parent.parent
READY_SECONDS = 60


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class EmulatorProcess:
    """One `python -m bqml_emulator` on free ports over a data folder that outlives it."""

    project = "demo-project"

    def __init__(self, data: Path, python: str | Path = sys.executable, **environment: str):
        self.data = data
        self.python = python
        self.environment = environment
        self.port, self.storage_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.storage_url = f"http://127.0.0.1:{self.storage_port}"
        self.process: subprocess.Popen | None = None
        self.ready_line = ""

    def start(self) -> "EmulatorProcess":
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "EMULATOR_PORT": str(self.port),
            "STORAGE_PORT": str(self.storage_port),
            "EMULATOR_DATA": str(self.data),
            **self.environment,
        }
        command = [self.python, "-m", "bqml_emulator"]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        watchdog = threading.Timer(READY_SECONDS, self.process.kill)
        watchdog.start()
        self.ready_line = self.process.stdout.readline()
        watchdog.cancel()
        assert self.ready_line.startswith("bqml-emulator ready: "), self.ready_line
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(20)

    def restart(self, number: int = signal.SIGTERM):
        """Stop with a signal and start again on the same data and ports."""
        self.stop(number)
        self.start()

    def __enter__(self) -> "EmulatorProcess":
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()

    def bigquery(self) -> bigquery.Client:
        """Official BigQuery client of this process."""
        return bigquery.Client(
            project=self.project,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": self.url},
        )

    def storage(self) -> storage.Client:
        """Official Cloud Storage client of this process."""
        return storage.Client(
            project=self.project,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": self.storage_url},
        )

    def upload(self, bucket: str, objects: dict[str, bytes], content_type: str = "image/png"):
        """Create the bucket if need be and put the objects in it."""
        target = self.storage().bucket(bucket)
        if not target.exists():
            target.create()
        url = f"{self.storage_url}/upload/storage/v1/b/{bucket}/o"
        with requests.Session() as session:
            for name, data in objects.items():
                query, headers = {"uploadType": "media", "name": name}, {"Content-Type": content_type}
                session.post(url, params=query, headers=headers, data=data, timeout=30).raise_for_status()

    def faults(self, **changes) -> dict:
        """PUT /emulator/faults."""
        response = requests.put(f"{self.url}/emulator/faults", json=changes, timeout=10)
        response.raise_for_status()
        return response.json()

    def ledger(self) -> list[dict]:
        """Every model call so far."""
        calls, after = [], 0
        while after is not None:
            page = requests.get(f"{self.url}/emulator/ledger?after={after}&limit=1000", timeout=10).json()
            calls, after = calls + page["calls"], page["next"]
        return calls


def wait_until(condition, seconds: float = 20.0):
    """Poll until `condition()` is true and return its value; fail loudly after the deadline."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not true within {seconds} s: {condition}")
