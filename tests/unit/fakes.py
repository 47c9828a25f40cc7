"""Stand-ins for what an operator is given when it runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePath
from types import SimpleNamespace
from typing import Any

import pytest

from vitrine.collection import Collection, load
from vitrine.google.bigquery import BigQuery, JobFigures, TableSize
from vitrine.google.jobs import label

NEEDED = {"VITRINE_PROJECT": "demo-project", "VITRINE_OBJECTS": "gs://b/*", "VITRINE_GALLERY": "g"}


def collection_with(**settings: object) -> Collection:
    """The tutorial's collection with these settings, whatever the environment says."""
    said = {f"VITRINE_{name.upper()}": str(value) for name, value in settings.items()}
    return load(NEEDED | said)["met"]


class FakeTaskInstance:
    """A task instance that keeps its XComs: `xcoms` maps (task id, key) to what other tasks have left."""

    def __init__(self, xcoms: dict[tuple[str, str], Any] | None = None) -> None:
        self.dag_id, self.task_id, self.run_id = "a_dag", "a_task", "manual__2026-11-22"
        self.map_index, self.try_number = -1, 1
        self.xcoms, self.pushed, self.states = xcoms or {}, {}, {}

    def xcom_pull(self, task_ids: str, key: str = "return_value") -> Any:
        """What a task left under a key, or None."""
        return self.xcoms.get((task_ids, key))

    def get_task_states(self, dag_id: str, run_ids: list[str], task_ids: list[str] | None = None) -> dict:
        """States of the run's tasks, as `states` has them."""
        wanted = {task: state for task, state in self.states.items() if not task_ids or task in task_ids}
        return dict.fromkeys(run_ids, wanted)

    def xcom_push(self, key: str, value: Any) -> None:
        """Keep a value."""
        self.pushed[key] = value


class FakeBigQuery:
    """Answers queries from `answers` (rows by name of the .sql file) and remembers them in `asked`."""

    def __init__(self) -> None:
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[dict[str, Any]] = []
        self.size = TableSize(rows=10_000, bytes=50 * 2**20)  # enough for a vector index
        self.ti: Any = FakeTaskInstance()  # the task that its jobs are for
        self.running: list[str] = []  # ids of the jobs that are running
        self.jobs: list[JobFigures] = []

    def rows(self, configuration: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows prepared for this statement; none for any other."""
        assert self.ti, "a task labels its jobs"
        self.asked.append(configuration)
        return self.answers.get(statement(configuration), [])

    def table_size(self, table_id: str) -> TableSize:
        """The size of the searchable table; no other table's is asked for."""
        assert table_id == "demo-project.bqml_tutorial.met_image_embeddings"
        return self.size

    def has_table(self, table_id: str) -> bool:
        """Nothing has been set up."""
        return False

    def running_jobs(self, *prefixes: str) -> list[Any]:
        """The running jobs whose id begins with one of `prefixes`."""
        return [SimpleNamespace(job_id=job) for job in self.running if job.startswith(prefixes)]

    def jobs_of(self, labels: Mapping[str, str], since: datetime) -> list[JobFigures]:
        """The jobs of the task's run."""
        ti = self.ti
        assert labels == {"vitrine_dag": label(ti.dag_id), "vitrine_run": label(ti.run_id)}
        return self.jobs

    @property
    def statements(self) -> list[str]:
        """Names of the .sql files that were asked, in their order."""
        return [statement(configuration) for configuration in self.asked]


def answer_with(monkeypatch: pytest.MonkeyPatch, fake: FakeBigQuery) -> None:
    """Let tasks find this BigQuery, which remembers the last that asked for it."""

    def of(_collection: Collection, ti: Any = None) -> FakeBigQuery:
        fake.ti = ti
        return fake

    monkeypatch.setattr(BigQuery, "of", of)


def statement(configuration: dict[str, Any]) -> str:
    """Name of a query job's .sql file, which a task renders before it runs; the sensor's is rendered."""
    text = configuration["query"]["query"]
    is_sensors = text.startswith("-- The state of a vector index")
    return "select_vector_index" if is_sensors else PurePath(text).stem


def parameters(configuration: dict[str, Any]) -> dict[str, Any]:
    """Values of a query job's scalar parameters by name."""
    return {p["name"]: p["parameterValue"].get("value") for p in configuration["query"]["queryParameters"]}


def read_by(collection: Collection, sql: str) -> set[str]:
    """The parameters that a .sql file and what it includes read."""
    text = (Path(collection.sql_dir) / sql).read_text()
    included = re.findall(r"{% include '(.+?)' %}", text)
    return set(re.findall(r"@(\w+)", text)).union(*(read_by(collection, name) for name in included))


def chosen(group: Mapping[str, Any], **choices: Any) -> dict[str, Any]:
    """A DAG's Params as a run reads them that was triggered with these choices."""
    unknown = choices.keys() - group.keys()
    assert not unknown, unknown
    return {name: param.value for name, param in group.items()} | choices


def context(params: dict[str, Any] | None = None, **xcoms: Any) -> dict[str, Any]:
    """A task context; keyword `task__key=value` is what task `task` has left under `key`."""
    left = {tuple(name.rsplit("__", 1)): value for name, value in xcoms.items()}
    dag_run = SimpleNamespace(
        run_id="manual__2026-11-22",
        run_type="manual",
        conf={},
        start_date=datetime(2026, 11, 22, tzinfo=UTC),
    )
    return {"ti": FakeTaskInstance(left), "dag_run": dag_run, "params": params or {}}
