"""A real scheduler, triggerer, dag-processor and API server, driven through Airflow's REST API."""

import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import psutil
import pytest
import requests

from scripts.stack import AIRFLOW_PROCESSES, STOP_SECONDS, Service, Stack, airflow_service, migrate_database
from tests.conftest import free_ports

FINAL_STATES = {"success", "failed"}
POLL_SECONDS = 0.3
DATABASE_SECONDS = 60.0
QUESTION_SECONDS = 400.0
# Whoever answers while the scheduler still notes that the task waits, makes the task fail.
SETTLING_SECONDS = 6.0


@dataclass
class Run:
    """One DAG run: its state, its task instances by (task_id, map_index), and all states each was seen in."""

    dag_id: str
    run_id: str
    state: str = ""
    tasks: dict[tuple[str, int], dict] = field(default_factory=dict)
    seen: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return self.state in FINAL_STATES

    def states(self) -> dict[tuple[str, int], str]:
        """Answer the last state of every task instance."""
        return {key: task["state"] for key, task in self.tasks.items()}


@dataclass(frozen=True)
class AirflowStack:
    """Airflow at `url`, whose DAGs work on `dataset`, `bucket` and `gallery`: trigger, wait, read."""

    url: str
    dataset: str
    bucket: str
    gallery: Path
    processes: Stack
    services: dict[str, Service]
    # Of every request: who asks, where people log in.
    headers: dict[str, str] = field(default_factory=dict)

    def run(self, dag_id: str, conf: dict | None = None, seconds: float = 300) -> Run:
        """Trigger a DAG of the collection `met` and wait until its run is over, whatever its state."""
        return self.wait(f"{dag_id}__met", self.trigger(f"{dag_id}__met", conf or {}), seconds)

    def trigger(self, dag_id: str, conf: dict) -> str:
        """Unpause a DAG, start a run with these Params and answer its run id."""
        self.wait_until_parsed(dag_id)
        self.unpause(dag_id)
        body = {"logical_date": None, "conf": conf}
        return self.call("POST", f"/dags/{dag_id}/dagRuns", body)["dag_run_id"]

    def unpause(self, dag_id: str) -> None:
        """Let the runs of a DAG begin."""
        self.call("PATCH", f"/dags/{dag_id}?update_mask=is_paused", {"is_paused": False})

    def wait_until_parsed(self, dag_id: str, seconds: float = 120) -> None:
        """Return once the dag-processor has stored this DAG; fail with its import errors otherwise."""
        deadline = time.monotonic() + seconds
        while (
            requests.get(f"{self.url}/api/v2/dags/{dag_id}", headers=self.headers, timeout=30).status_code
            != 200
        ):
            errors = self.call("GET", "/importErrors")["import_errors"]
            assert not errors, "\n".join(f"{error['filename']}:\n{error['stack_trace']}" for error in errors)
            assert time.monotonic() < deadline, f"{dag_id} was not parsed within {seconds} s"
            time.sleep(POLL_SECONDS)

    def wait(self, dag_id: str, run_id: str, seconds: float) -> Run:
        """Look at a run until it is over, noting every task state on the way; fail at the deadline."""
        return self.follow(Run(dag_id, run_id), seconds)

    def follow(self, run: Run, seconds: float) -> Run:
        """As wait, for a run that has been looked at before."""
        deadline = time.monotonic() + seconds
        while not run.is_over:
            assert time.monotonic() < deadline, f"{run.dag_id} {run.run_id} still runs: {run.states()}"
            self.look(run)
        return run

    def look(self, run: Run) -> None:
        """Note the state of a run and of its tasks, after a moment."""
        time.sleep(POLL_SECONDS)
        run.state = self.call("GET", f"/dags/{run.dag_id}/dagRuns/{run.run_id}")["state"]
        self._note_tasks(run)

    def answer(self, dag_id: str, run_id: str, task_id: str, option: str) -> str:
        """Wait until a task of a run asks, and answer; the question's body."""
        task = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        deadline = time.monotonic() + QUESTION_SECONDS
        while self.call("GET", task)["state"] != "awaiting_input":
            assert time.monotonic() < deadline, "nobody was asked"
            time.sleep(1)
        time.sleep(SETTLING_SECONDS)
        body = self.call("GET", f"{task}/-1/hitlDetails")["body"]
        self.call("PATCH", f"{task}/-1/hitlDetails", {"chosen_options": [option], "params_input": {}})
        return body

    def kill(self, name: str) -> None:
        """End one of Airflow's processes as kill -9 does, with all it has started, and start it again."""
        kill(self.processes, name)
        self.processes.start(self.services[name])

    def die(self) -> None:
        """End all of Airflow's processes as a power cut does."""
        kill(self.processes, *self.services)

    def log(self, run: Run, task_id: str, map_index: int = -1) -> str:
        """Answer the log of the last try of a task instance, one event a line."""
        tries = run.tasks[task_id, map_index]["try_number"]
        path = f"{self._task_path(run, task_id)}/logs/{tries}?map_index={map_index}"
        return "\n".join(str(event.get("event", event)) for event in self.call("GET", path)["content"])

    def links(self, run: Run, task_id: str) -> dict[str, str]:
        """Answer the extra links that the UI shows on a task."""
        return self.call("GET", f"{self._task_path(run, task_id)}/links")["extra_links"]

    def runs(self, dag_id: str) -> list[dict]:
        """Answer the runs of a DAG."""
        return self.call("GET", f"/dags/{dag_id}/dagRuns")["dag_runs"]

    def page(self, path: str) -> str:
        """Answer what a browser gets at a path of Airflow's web server."""
        response = requests.get(self.url + path, headers=self.headers, timeout=60)
        assert response.ok, f"{path}: {response.status_code} {response.text}"
        return response.text

    def explain(self, run: Run) -> str:
        """Answer what a person asks first of a run that failed: the states, and the failed tasks' logs."""
        failed = [key for key, state in run.states().items() if state == "failed"]
        logs = [f"--- {task_id}[{index}]\n{self.log(run, task_id, index)}" for task_id, index in failed]
        return "\n".join([f"{run.dag_id} is {run.state}: {run.states()}", *logs])

    def _note_tasks(self, run: Run) -> None:
        path = f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances?limit=500"
        for task in self.call("GET", path)["task_instances"]:
            key = (task["task_id"], task["map_index"])
            run.tasks[key] = task
            run.seen[key].add(task["state"])

    def _task_path(self, run: Run, task_id: str) -> str:
        return f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task_id}"

    def call(self, method: str, path: str, body: dict | None = None) -> dict:
        """Answer what Airflow's REST API answers; fail with its words otherwise."""
        deadline = time.monotonic() + DATABASE_SECONDS
        while True:
            response = requests.request(
                method, f"{self.url}/api/v2{path}", json=body, headers=self.headers, timeout=60
            )
            # SQLite was locked for longer than Airflow waits for it; nothing was written. Backfills say it otherwise.
            locked = any(words in response.text for words in ("Database error", "Database is locked"))
            if not locked or time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        assert response.ok, f"{method} {path}: {response.status_code} {response.text}"
        return response.json()


@cache
def migrated_database() -> bytes:
    """Airflow's database as a migration leaves it; each stack gets a copy, for a migration takes six seconds."""
    with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", home)
        migrate_database(Path(home) / "migrate.log")
        return (Path(home) / "airflow.db").read_bytes()


@contextmanager
def running_stack(
    folder: Path, more: dict[str, str] | None = None, beside: AirflowStack | None = None
) -> Iterator[AirflowStack]:
    """Run Airflow's four processes, with `more` settings, on a port and a database of their own.

    Nobody else uses their dataset and bucket, unless they are to be those of the stack `beside` them.
    """
    unique = uuid.uuid4().hex[:8]
    stack, dataset, bucket, gallery = Stack(folder), f"stack_{unique}", f"stack-{unique}", folder / "gallery"
    if beside:
        dataset, bucket = beside.dataset, beside.bucket
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    settings = {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW_PORT": port,
        "AIRFLOW__API__PORT": port,
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
        "VITRINE_DATASET": dataset,
        "VITRINE_OBJECTS": f"gs://{bucket}/*",
        "VITRINE_GALLERY": str(gallery),
        # Leap days only: no night comes while a test runs.
        "VITRINE_SCHEDULE": "0 0 29 2 *",
        # No test edits a DAG file: to parse all of them every ten seconds takes more than the scheduler does.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
    }
    (folder / "airflow").mkdir(parents=True)
    (folder / "airflow/airflow.db").write_bytes(migrated_database())
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (settings | (more or {})).items():
            patch.setenv(name, value)
        services = {process: airflow_service(process) for process in AIRFLOW_PROCESSES}
    stack.start(*services.values())
    try:
        yield AirflowStack(url, dataset, bucket, gallery, stack, services)
    finally:
        stack.stop(*AIRFLOW_PROCESSES)


def kill(stack: Stack, *names: str) -> None:
    """End services as kill -9 does, all at once, with all that they have started."""
    processes = [process for name in names if (process := stack.process(name))]
    all_of_them = [
        *processes,
        *(child for process in processes for child in process.children(recursive=True)),
    ]
    for each in all_of_them:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    psutil.wait_procs(all_of_them, timeout=STOP_SECONDS)
