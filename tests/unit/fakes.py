"""Stand-ins for what an operator is given when it runs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


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
    """Answers queries from `answers` (rows by .sql file name) and remembers them in `asked`."""

    gcp_conn_id = "google_cloud_default"

    def __init__(self, **answers: list[dict[str, Any]]) -> None:
        self.answers, self.asked = answers, []

    def rows(self, configuration: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows prepared for this statement; none for any other."""
        self.asked.append(configuration)
        return self.answers.get(configuration["query"]["query"], [])

    def running_jobs(self, prefix: str) -> list[Any]:
        """No job is running."""
        return []


def parameters(configuration: dict[str, Any]) -> dict[str, Any]:
    """Values of a query job's scalar parameters by name."""
    return {p["name"]: p["parameterValue"].get("value") for p in configuration["query"]["queryParameters"]}


def context(**xcoms: Any) -> dict[str, Any]:
    """A task context; keyword `task__key=value` is what task `task` has left under `key`."""
    left = {tuple(name.rsplit("__", 1)): value for name, value in xcoms.items()}
    dag_run = SimpleNamespace(run_id="manual__2026-11-22", run_type="manual")
    return {"ti": FakeTaskInstance(left), "dag_run": dag_run}
