"""Waits until a vector index is filled, and reports how that ended."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn, Self

from airflow.providers.common.compat.sdk import conf
from airflow.sdk import BaseSensorOperator, PokeReturnValue
from airflow.sdk.exceptions import AirflowSensorTimeout, AirflowSkipException

from vitrine import limits, metrics
from vitrine.collection import INDEX_COVERAGE, Collection
from vitrine.errors import IndexDisabledError, IndexNotFilledError, IndexNotRebuiltError, VitrineError
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import task_labels
from vitrine.index.state import IndexKind, IndexState
from vitrine.index.trigger import VectorIndexTrigger, read_state
from vitrine.index.vector_index import VectorIndex

if TYPE_CHECKING:
    from airflow.sdk import Context

# The trigger has a deadline of its own, so that it can report the last state; Airflow's is a safety net.
DEADLINE_MARGIN = timedelta(minutes=5)


class VectorIndexSensor(BaseSensorOperator):
    """Wait until a vector index is filled.

    Succeeds when `coverage` percent of the rows are indexed, or when the table is too small for an index, or
    for its index ever to be filled (search is then exact). Returns a sentence that says which, and pushes it
    as XCom `vector_index` even when it fails. Each look bills 10 MiB; none while the table has too few rows
    for an index. See docs/sensors.md.

    Errors: IndexDisabledError with BigQuery's reason; IndexNotFilledError after `timeout` seconds, with the
    coverage reached, or a skipped task if `soft_fail` is set; `never_fail` skips the task after either.

    :param project_id: project of the dataset. Its jobs run there, too. (templated)
    :param dataset_id: dataset of the table. (templated)
    :param table_id: name of the table that is indexed. (templated)
    :param index_name: name of the index. (templated)
    :param location: location of the dataset; BigQuery finds it out if it is not given. (templated)
    :param coverage: percentage of the rows that must be indexed.
    :param built_before: to wait for a rebuild: the time at which the old index was trained, as ISO 8601. None
        if the index was not rebuilt. Errors: IndexNotRebuiltError. (templated)
    :param labels: labels of the jobs, besides those that name DAG, task and run.
    :param maximum_bytes_billed: maximum that a job may bill. None: the project's own limits.
    :param gcp_conn_id: Airflow connection to Google Cloud. (templated)
    :param impersonation_chain: service account to impersonate, or a chain of accounts that ends with it; each
        must grant the role Service Account Token Creator to the one before it. (templated)
    :param deferrable: wait in the triggerer; else as `mode` says, in a worker. Default: Airflow's setting
        `[operators] default_deferrable`.
    """

    template_fields = (
        "project_id",
        "dataset_id",
        "table_id",
        "index_name",
        "location",
        "built_before",
        "gcp_conn_id",
        "impersonation_chain",
    )

    def __init__(
        self,
        *,
        project_id: str,
        dataset_id: str,
        table_id: str,
        index_name: str,
        location: str | None = None,
        coverage: int = INDEX_COVERAGE,
        built_before: str | None = None,
        labels: Mapping[str, str] | None = None,
        maximum_bytes_billed: int | None = None,
        gcp_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.project_id, self.dataset_id = project_id, dataset_id
        self.table_id, self.index_name = table_id, index_name
        self.location = location
        self.coverage, self.built_before = coverage, built_before
        self.labels, self.maximum_bytes_billed = labels, maximum_bytes_billed
        self.gcp_conn_id, self.impersonation_chain = gcp_conn_id, impersonation_chain
        self.deferrable = deferrable
        self._seen: IndexState | None = None

    @classmethod
    def of(cls, collection: Collection, **kwargs: Any) -> Self:
        """The sensor for the index of a collection, which waits in the triggerer."""
        return cls(
            **asdict(VectorIndex.of(collection)),
            location=collection.location,
            coverage=collection.index_coverage,
            labels=collection.job_labels,
            maximum_bytes_billed=collection.maximum_bytes_billed,
            gcp_conn_id=collection.gcp_conn_id,
            poke_interval=collection.index_poll_seconds,
            timeout=collection.index_timeout_seconds,
            deferrable=True,
            **kwargs,
        )

    @property
    def index(self) -> VectorIndex:
        """The index that it waits for."""
        return VectorIndex(self.project_id, self.dataset_id, self.table_id, self.index_name)

    def execute(self, context: Context) -> Any:
        """Look, and wait as long as there is something to wait for."""
        if self.deferrable:
            if not (poked := self.poke(context)):
                self._defer(context)
            return poked.xcom_value
        try:
            return super().execute(context)
        except (AirflowSensorTimeout, AirflowSkipException) as error:
            # What was seen says more than Airflow's own message.
            if self._seen and not isinstance(error.__cause__, VitrineError):
                self._end(context, self._seen)
            raise

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once."""
        self._seen = state = read_state(self._bigquery(context), self.index, self.coverage)
        if state.is_worth_waiting_for(self.built_before):
            self.log.info("%s", state.message)
            return PokeReturnValue(is_done=False)
        return PokeReturnValue(is_done=True, xcom_value=self._end(context, state))

    def execute_complete(self, context: Context, event: dict[str, Any]) -> str:
        """End with the last state that the trigger saw."""
        return self._end(context, IndexState(**event | {"kind": IndexKind(event["kind"])}))

    def _bigquery(self, context: Context) -> BigQuery:
        labels = {**(self.labels or {}), **task_labels(context["ti"])}
        return BigQuery(
            gcp_conn_id=self.gcp_conn_id,
            project_id=self.project_id,
            location=self.location,
            labels=tuple(labels.items()),
            maximum_bytes_billed=self.maximum_bytes_billed,
            impersonation_chain=self.impersonation_chain,
        )

    def _defer(self, context: Context) -> NoReturn:
        trigger = VectorIndexTrigger(
            bigquery=asdict(self._bigquery(context)),
            index=asdict(self.index),
            coverage=self.coverage,
            poll_seconds=self.poke_interval,
            deadline=time.time() + self.timeout,
            built_before=self.built_before,
        )
        timeout = timedelta(seconds=self.timeout) + DEADLINE_MARGIN
        self.defer(trigger=trigger, method_name="execute_complete", timeout=timeout)

    def _end(self, context: Context, state: IndexState) -> str:
        context["ti"].xcom_push(key="vector_index", value=state.message)
        metrics.of_index(f"{self.index.table}.{self.index_name}", state.coverage, self.labels or {})
        try:
            self._check(state)
        except VitrineError as error:
            # Airflow knows these two options only of sensors that wait in a worker.
            if self.never_fail or (self.soft_fail and isinstance(error, IndexNotFilledError)):
                raise AirflowSkipException(str(error)) from error
            raise
        self.log.info("%s", state.message)
        return state.message

    def _check(self, state: IndexState) -> None:
        if state.kind is IndexKind.DISABLED:
            raise IndexDisabledError(
                f"The vector index of {self.index.table} is disabled. {state.message}. "
                "Search is exact until it is enabled."
            )
        if state.rebuild == limits.REBUILD_FAILED and self.built_before is not None:
            raise IndexNotRebuiltError(
                f"The vector index of {self.index.table} was not rebuilt; searches use the old index. "
                f"{state.message}"
            )
        if state.is_worth_waiting_for(self.built_before):
            raise IndexNotFilledError(
                f"The vector index of {self.index.table} was not filled within {self.timeout:,.0f} s. "
                f"{state.message} Search works meanwhile. Clear this task to keep waiting, or raise its "
                "timeout (in Vitrine's own DAGs: VITRINE_INDEX_TIMEOUT_SECONDS)."
            )
