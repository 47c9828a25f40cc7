"""Waits in the triggerer for a vector index to be filled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from vitrine.bigquery import BigQuery
from vitrine.index_state import IndexState, Kind, classify


def read_state(bigquery: BigQuery, configuration: dict[str, Any], table_id: str, coverage: int) -> IndexState:
    """State of the index now: one INFORMATION_SCHEMA query (bills 10 MiB) and one tables.get (free)."""
    rows = bigquery.rows(configuration)
    return classify(rows[0] if rows else None, bigquery.logical_bytes(table_id), coverage)


class VectorIndexTrigger(BaseTrigger):
    """Fires once: when the index is not building any more, or the deadline (epoch seconds) has passed."""

    def __init__(
        self,
        bigquery: dict[str, str],
        configuration: dict[str, Any],
        table_id: str,
        coverage: int,
        poll_seconds: float,
        deadline: float,
    ) -> None:
        super().__init__()
        self.bigquery, self.configuration, self.table_id, self.coverage = (
            bigquery,
            configuration,
            table_id,
            coverage,
        )
        self.poll_seconds, self.deadline = poll_seconds, deadline

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments, from which any triggerer can go on."""
        arguments = ("bigquery", "configuration", "table_id", "coverage", "poll_seconds", "deadline")
        return "vitrine.triggers.vector_index.VectorIndexTrigger", {
            name: getattr(self, name) for name in arguments
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll; yield the last state as {"kind": ..., "message": ...}."""
        source = BigQuery(**self.bigquery)
        while True:
            state = await asyncio.to_thread(
                read_state, source, self.configuration, self.table_id, self.coverage
            )
            self.log.info("%s", state.message)
            if state.kind is not Kind.BUILDING or time.time() > self.deadline:
                yield TriggerEvent({"kind": state.kind.value, "message": state.message})
                return
            await asyncio.sleep(self.poll_seconds)
