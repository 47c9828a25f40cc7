"""Which tasks a branch skips."""

from __future__ import annotations

from typing import Any


def tasks_between(task: Any, end: str) -> list[Any]:
    """All tasks after `task` that are neither the task `end` nor after it, by their ids."""
    kept = {end, *task.dag.get_task(end).get_flat_relative_ids(upstream=False)}
    between = task.get_flat_relative_ids(upstream=False) - kept
    return [task.dag.get_task(task_id) for task_id in sorted(between)]
