"""Waits in the triggerer until a vector index is filled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from vitrine.google.bigquery import BigQuery
from vitrine.index.state import IndexState, classify, too_few_rows
from vitrine.index.vector_index import VectorIndex


def read_state(bigquery: BigQuery, index: VectorIndex, coverage: int) -> IndexState:
    """Current state of the index: one tables.get (free), and one INFORMATION_SCHEMA query (bills 10 MiB)
    unless the table has too few rows for an index."""
    size = bigquery.table_size(index.table)
    if state := too_few_rows(size.rows):
        return state
    listed = bigquery.rows(index.question())
    return classify(listed[0] if listed else None, size.bytes, coverage)


class VectorIndexTrigger(BaseTrigger):
    """Fires once: when waiting is over, or the deadline (epoch seconds) has passed.

    :param bigquery: arguments of BigQuery.
    :param index: arguments of VectorIndex.
    :param built_before: see IndexState.is_worth_waiting_for.
    """

    def __init__(
        self,
        bigquery: dict[str, Any],
        index: dict[str, str],
        coverage: int,
        poll_seconds: float,
        deadline: float,
        built_before: str | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's own has no types
        self.bigquery, self.index, self.coverage = bigquery, index, coverage
        self.poll_seconds, self.deadline, self.built_before = poll_seconds, deadline, built_before

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments, with which any triggerer can recreate the trigger."""
        arguments = ("bigquery", "index", "coverage", "poll_seconds", "deadline", "built_before")
        return "vitrine.index.trigger.VectorIndexTrigger", {name: getattr(self, name) for name in arguments}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll; yield the fields of the last IndexState."""
        source, index = BigQuery(**self.bigquery), VectorIndex(**self.index)
        while True:
            state = await asyncio.to_thread(read_state, source, index, self.coverage)
            self.log.info("%s", state.message)
            if not state.is_worth_waiting_for(self.built_before) or time.time() > self.deadline:
                yield TriggerEvent(state._asdict() | {"kind": state.kind.value})
                return
            await asyncio.sleep(self.poll_seconds)
