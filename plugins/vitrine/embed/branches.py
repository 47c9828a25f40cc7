"""The tasks that a branch skips."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import Operator


def tasks_between(task: BaseOperator, end: str) -> list[Operator]:
    """All tasks downstream of `task`, without `end` and what is downstream of it; sorted by id."""
    kept = {end, *task.dag.get_task(end).get_flat_relative_ids(upstream=False)}
    between = task.get_flat_relative_ids(upstream=False) - kept
    return [task.dag.get_task(task_id) for task_id in sorted(between)]
