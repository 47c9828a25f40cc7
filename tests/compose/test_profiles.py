"""docker-compose.yaml run without Docker, from the file as the real Compose binary reads it.

The demo from nothing to pictures; then, on the same volumes, Celery, and a worker that dies in the middle of a
back-fill. The second test goes on where the first ended, as people do who change `.env`.
"""

import base64
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from dotenv import set_key

from scripts.stack import Stack
from tests.compose.containers import Network, Project, why_not
from tests.compose.images import AIRFLOW_VENV, POSTGRES, ROOT, images
from tests.conftest import free_ports
from tests.faults.images import tiny_png
from tests.support.emulator import Emulator
from tests.support.stack import AirflowStack, Run

COMPOSE = Path(sys.executable).with_name("docker-compose")
PORTS = ("AIRFLOW_PORT", "FLOWER_PORT", "EMULATOR_PORT", "STORAGE_PORT")
DEMO_IMAGES = len(list((ROOT / "demo/images").rglob("*.jpg")))
BACK_FILL, BATCH = 60, 10
WAIT_SECONDS = 600
# Airflow looks for the dead more often than it would: its defaults are minutes.
IMPATIENCE = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
    # What the dead worker had taken from Redis and not begun; Redis itself gives it back after a day.
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "40",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "2",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
    "VITRINE_CONTENT_TYPES": "image/png,image/jpeg",
    # No night comes while this runs.
    "VITRINE_SCHEDULE": "0 0 29 2 *",
}

pytestmark = [
    pytest.mark.timeout(1500),
    pytest.mark.services,
    pytest.mark.skipif(bool(why_not()) or not POSTGRES, reason=f"NOT TESTED: {why_not() or 'no PostgreSQL'}"),
]


class Stacks:
    """One `.env` and its volumes, with which one stack after the other is started."""

    def __init__(self, folder: Path, network: Network) -> None:
        self.folder, self.network, self.file = folder, network, folder / ".env"
        self.ports = dict(zip(PORTS, map(int, free_ports(len(PORTS))), strict=True))
        self.url = f"http://localhost:{self.ports['AIRFLOW_PORT']}"
        self.password = secrets.token_hex(8)
        shutil.copy(ROOT / ".env.example", self.file)
        self.write(
            POSTGRES_PASSWORD=secrets.token_hex(16),
            FERNET_KEY=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            JWT_SECRET=secrets.token_hex(64),
            API_SECRET_KEY=secrets.token_hex(32),
            ADMIN_PASSWORD=self.password,
            AIRFLOW_URL=self.url,
            BIGQUERY="demo",
            **{name: str(port) for name, port in self.ports.items()},
        )

    def write(self, **values: str) -> None:
        """Change lines of `.env`."""
        for name, value in values.items():
            set_key(self.file, name, value, quote_mode="never")

    @contextmanager
    def running(self, executor: str) -> Iterator[tuple[Project, AirflowStack]]:
        """`docker compose up --wait`, a login, and at the end `docker compose down`."""
        self.write(EXECUTOR=executor)
        project = Project(self._parsed(), images(self.folder), self.network, self.folder)
        self.network.publish(
            (port["host_ip"], int(port["published"]), name, port["target"])
            for name, service in project.services.items()
            for port in service.get("ports", [])
        )
        try:
            project.up(WAIT_SECONDS)
            yield project, self._logged_in()
        finally:
            project.down()
            self.network.relay.kill()

    def _parsed(self) -> dict[str, dict]:
        command = [
            COMPOSE,
            "--project-directory",
            ROOT,
            "--env-file",
            self.file,
            "config",
            "--format",
            "json",
        ]
        plain = {"PATH": os.environ["PATH"], "HOME": "/"}
        done = subprocess.run(command, capture_output=True, text=True, env=plain)
        assert done.returncode == 0, done.stderr
        services = json.loads(done.stdout)["services"]
        for service in services.values():
            if service["image"] == "vitrine-airflow":
                service["environment"] |= IMPATIENCE
        return services

    def _logged_in(self) -> AirflowStack:
        login = {"username": "admin", "password": self.password}
        token = requests.post(f"{self.url}/auth/token", json=login, timeout=60).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return AirflowStack(
            self.url, "bqml_tutorial", "met-demo", self.folder, Stack(self.folder), {}, headers
        )

    def emulator(self) -> Emulator:
        """The demo's BigQuery, as this machine reaches it."""
        urls = (f"http://localhost:{self.ports[name]}" for name in ("EMULATOR_PORT", "STORAGE_PORT"))
        return Emulator(*urls, "demo-project")


@pytest.fixture(scope="module")
def stacks() -> Iterator[Stacks]:
    """Volumes and a network of their own."""
    assert AIRFLOW_VENV.exists(), "`make test-compose` makes the environment"
    folder = Path(tempfile.mkdtemp(prefix="vitrine-compose-"))
    folder.chmod(0o755)
    try:
        with Network(f"vitrine{os.getpid()}") as network:
            yield Stacks(folder, network)
    finally:
        if not os.environ.get("KEEP"):
            shutil.rmtree(folder)


def success(stack: AirflowStack, dag_id: str, **conf: object) -> Run:
    """Run a DAG of the demo's collection; where it fails, say what a person would ask first."""
    run = stack.run(dag_id, conf, WAIT_SECONDS)
    assert run.state == "success", stack.explain(run)
    return run


def published(emulator: Emulator) -> Counter:
    """How often each URI is in the searched table."""
    rows = emulator.bigquery.query_and_wait("SELECT uri FROM bqml_tutorial.met_image_embeddings")
    return Counter(row.uri for row in rows)


def paid(emulator: Emulator) -> Counter:
    """How often each image was embedded, and paid."""
    calls = [call for call in emulator.ledger() if (call["uri"] or "").startswith("gs://")]
    return Counter((call["uri"], call["content_sha256"]) for call in calls if call["outcome"] == "ok")


def test_the_demo_from_nothing_to_pictures(stacks):
    with stacks.running("local") as (_, stack):
        for header in ({}, {"Authorization": "Bearer forged"}):
            for path in ("/api/v2/dags", "/vitrine/met/"):
                answer = requests.get(stack.url + path, headers=header, timeout=60)
                assert answer.status_code in (401, 403), path
        wrong = {"username": "admin", "password": "admin"}
        assert requests.post(f"{stack.url}/auth/token", json=wrong, timeout=60).status_code == 401

        for dag in ("setup_image_search", "embed_images"):
            success(stack, dag)
        found = success(stack, "search_images", query="a white dress", top_k=5)
        assert set(published(stacks.emulator()).values()) == {1}
        assert len(published(stacks.emulator())) == DEMO_IMAGES
        gallery = stack.page(stack.links(found, "write_gallery")["Gallery"])
        assert gallery.count("data:image/jpeg") == 5
        assert "a white dress" in stack.log(found, "write_gallery")

        page = stack.page("/vitrine/met/?q=a+white+dress")
        storage = f"http://localhost:{stacks.ports['STORAGE_PORT']}"
        [link, *_] = re.findall(rf'data-whole="({storage}/met-demo/[^"]+)"', page)
        assert requests.get(link, timeout=60).content.startswith(b"\xff\xd8"), "a browser opens the picture"


def wait_for_work(stack: AirflowStack, run: Run, address: str) -> None:
    """Return while a worker is embedding a batch."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not any(
        task["task_id"] == "pass_1.embed_batch" and task["state"] == "running" and task["hostname"] == address
        for task in run.tasks.values()
    ):
        stack.look(run)
        assert time.monotonic() < deadline, f"the worker has embedded nothing: {run.states()}"
        assert not run.is_over, f"the worker has embedded nothing: {stack.explain(run)}"


def test_a_worker_dies_in_the_middle_of_a_back_fill(stacks):
    with stacks.running("celery") as (project, stack):
        emulator = stacks.emulator()
        before = published(emulator)
        emulator.upload("met-demo", {f"{n:03}.png": tiny_png(n) for n in range(BACK_FILL)}, "image/png")
        emulator.faults(hash_model=True, model_latency_seconds=3.0)
        first, second = project.of("airflow-worker")
        assert {volume["type"] for volume in first.service["volumes"]} == {"bind"}, "they share no disk"

        run = Run("embed_images__met", stack.trigger("embed_images__met", {"batch_size": BATCH}))
        wait_for_work(stack, run, project.network.addresses[first.name])
        first.kill()
        emulator.faults(hash_model=True)
        first.start()
        stack.follow(run, WAIT_SECONDS)

        assert run.state == "success", stack.explain(run)
        uris = {f"gs://met-demo/{n:03}.png" for n in range(BACK_FILL)}
        assert published(emulator) == before + Counter(uris), "an image was lost"
        assert set(paid(emulator).values()) == {1}, "an image was paid for twice"
        # Each keeps its logs on its own disk; the web server asks it for them.
        worked = {task["hostname"]: key for key, task in run.tasks.items() if task["state"] == "success"}
        for worker in (first, second):
            task_id, index = worked[project.network.addresses[worker.name]]
            assert "Could not read served logs" not in stack.log(run, task_id, index)
            assert list((stacks.folder / "disks" / worker.name / "opt/airflow/logs").rglob("*.log"))
        workers = requests.get(
            f"http://localhost:{stacks.ports['FLOWER_PORT']}/api/workers?refresh=1",
            auth=("admin", stacks.password),
            timeout=60,
        )
        assert {f"celery@{worker.name}" for worker in (first, second)} <= workers.json().keys()
