"""Waits until a vector index is filled, and reports how that ended."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseSensorOperator

from vitrine import limits
from vitrine.collection import Collection
from vitrine.errors import IndexDisabledError, IndexNotFilledError, IndexNotRebuiltError
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import query_job
from vitrine.index.state import IndexKind, IndexState
from vitrine.index.trigger import VectorIndexTrigger, read_state

if TYPE_CHECKING:
    from airflow.sdk import Context

# The trigger has a deadline of its own, so that it can report the last state; Airflow's is a safety net.
DEADLINE_MARGIN = timedelta(minutes=5)


class VectorIndexSensor(BaseSensorOperator):
    """Wait, deferred, until the vector index is filled. Pushes a sentence as XCom `vector_index`.

    Succeeds when `index_coverage` percent of the rows are indexed, or when the table is too small for an
    index, or for its index ever to be filled (search is then exact). Errors: IndexDisabledError with
    BigQuery's reason; IndexNotFilledError after `timeout` seconds, with the coverage reached.

    :param built_before: to wait for a rebuild: the time at which the old index was trained, a template. None
        if the index was not rebuilt. Errors: IndexNotRebuiltError.
    """

    template_fields = ("configuration", "built_before")
    template_ext = (".sql",)
    template_fields_renderers = {"configuration": "json"}

    def __init__(
        self,
        *,
        collection: Collection,
        built_before: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            poke_interval=collection.index_poll_seconds, timeout=collection.index_timeout_seconds, **kwargs
        )
        self.configuration = query_job("index/select_vector_index.sql")
        self.collection, self.table_id = collection, collection.table_id("image_embeddings")
        self.built_before = built_before

    def execute(self, context: Context) -> str:
        """Check once, and defer if the index is still building."""
        bigquery = BigQuery.of(self.collection, context["ti"])
        state = read_state(bigquery, self.configuration, self.table_id, self.collection.index_coverage)
        if state.is_worth_waiting_for(self.built_before):
            self.log.info("%s", state.message)
            self._defer(bigquery)
        return self._end(context, state)

    def _defer(self, bigquery: BigQuery) -> NoReturn:
        trigger = VectorIndexTrigger(
            bigquery=asdict(bigquery),
            configuration=self.configuration,
            table_id=self.table_id,
            coverage=self.collection.index_coverage,
            poll_seconds=self.poke_interval,
            deadline=time.time() + self.timeout,
            built_before=self.built_before,
        )
        timeout = timedelta(seconds=self.timeout) + DEADLINE_MARGIN
        self.defer(trigger=trigger, method_name="execute_complete", timeout=timeout)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> str:
        """End with the last state that the trigger saw."""
        return self._end(context, IndexState(**event | {"kind": IndexKind(event["kind"])}))

    def _end(self, context: Context, state: IndexState) -> str:
        context["ti"].xcom_push(key="vector_index", value=state.message)
        if state.kind is IndexKind.DISABLED:
            raise IndexDisabledError(
                f"The vector index of {self.table_id} is disabled. {state.message}. "
                "Search is exact until it is enabled."
            )
        if state.rebuild == limits.REBUILD_FAILED and self.built_before is not None:
            raise IndexNotRebuiltError(
                f"The vector index of {self.table_id} was not rebuilt; searches use the old index. "
                f"{state.message}"
            )
        if state.is_worth_waiting_for(self.built_before):
            raise IndexNotFilledError(
                f"The vector index of {self.table_id} was not filled within {self.timeout:,.0f} s. "
                f"{state.message} Search works meanwhile. "
                "Clear this task to keep waiting, or raise VITRINE_INDEX_TIMEOUT_SECONDS."
            )
        self.log.info("%s", state.message)
        return state.message
