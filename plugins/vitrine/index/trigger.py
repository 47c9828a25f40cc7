"""Waits in the triggerer for a vector index to be filled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from vitrine.google.bigquery import BigQuery
from vitrine.index.state import IndexState, classify


def read_state(bigquery: BigQuery, configuration: dict[str, Any], table_id: str, coverage: int) -> IndexState:
    """State of the index now: one INFORMATION_SCHEMA query (bills 10 MiB) and one tables.get (free)."""
    rows = bigquery.rows(configuration)
    return classify(rows[0] if rows else None, bigquery.logical_bytes(table_id), coverage)


class VectorIndexTrigger(BaseTrigger):
    """Fires once: when the index is not worth waiting for, or the deadline (epoch seconds) has passed.

    :param built_before: see IndexState.is_worth_waiting_for.
    """

    def __init__(
        self,
        bigquery: dict[str, Any],
        configuration: dict[str, Any],
        table_id: str,
        coverage: int,
        poll_seconds: float,
        deadline: float,
        built_before: str | None = None,
    ) -> None:
        super().__init__()
        self.bigquery, self.configuration, self.table_id, self.coverage = (
            bigquery,
            configuration,
            table_id,
            coverage,
        )
        self.poll_seconds, self.deadline, self.built_before = poll_seconds, deadline, built_before

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments, from which any triggerer can go on."""
        arguments = (
            "bigquery", "configuration", "table_id", "coverage", "poll_seconds", "deadline", "built_before",
        )  # fmt: skip
        return "vitrine.index.trigger.VectorIndexTrigger", {name: getattr(self, name) for name in arguments}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll; yield the fields of the last IndexState."""
        source = BigQuery(**self.bigquery)
        while True:
            state = await asyncio.to_thread(
                read_state, source, self.configuration, self.table_id, self.coverage
            )
            self.log.info("%s", state.message)
            if not state.is_worth_waiting_for(self.built_before) or time.time() > self.deadline:
                yield TriggerEvent(state._asdict() | {"kind": state.kind.value})
                return
            await asyncio.sleep(self.poll_seconds)
