"""Measures recall and drift of the vector index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from vitrine import metrics
from vitrine.collection import Collection
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import boolean, float64, int64, string, with_parameters
from vitrine.index import queries, recall
from vitrine.index.state import IndexKind, IndexState
from vitrine.index.trigger import read_state
from vitrine.index.vector_index import VectorIndex

if TYPE_CHECKING:
    from airflow.sdk import Context


class MeasureRecallOperator(BaseOperator):
    """Measure the recall of a sample of searches and the drift of the images, and record both.

    While the index is not in use, every search is exact and no recall is recorded. Pushes the XCom `built`,
    the time at which the index was trained.

    :param rebuilt: whether this run has rebuilt the index.
    """

    template_fields = ("drift", "configuration", "write")
    template_ext = (".sql",)
    template_fields_renderers = dict.fromkeys(template_fields, "json")

    def __init__(self, *, collection: Collection, rebuilt: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.collection, self.rebuilt = collection, rebuilt
        self.drift, self.configuration = queries.drift(), queries.recall(collection)
        self.write = queries.index_health(collection)

    def execute(self, context: Context) -> recall.Measurement:
        """Measure, record and return the measurement."""
        collection, bigquery = self.collection, BigQuery.of(self.collection, context["ti"])
        state = read_state(bigquery, VectorIndex.of(collection), collection.index_coverage)
        context["ti"].xcom_push(key="built", value=state.built)
        measured = self._measure(bigquery, state)
        self._write(bigquery, measured)
        shares = recall.as_text(measured["shares"])
        self.log.info("%s Drift: %s.\n%s", measured["vector_index"], measured["drift"], shares)
        return measured

    def _measure(self, bigquery: BigQuery, state: IndexState) -> recall.Measurement:
        drift = recall.drift(bigquery.rows(self.drift))
        if state.kind is not IndexKind.READY:
            return {"vector_index": state.message, "drift": drift, "shares": []}
        answer = bigquery.answer(self.configuration)
        return {
            "vector_index": " ".join(filter(None, (state.message, recall.not_used(answer.statistics)))),
            "drift": drift,
            "shares": recall.by_share(answer.rows, self.collection.fraction_lists_to_search),
        }

    def _write(self, bigquery: BigQuery, measured: recall.Measurement) -> None:
        """Record the measurement, with the recall of the share that searches use."""
        [own, *_] = measured["shares"] or recall.by_share([], self.collection.fraction_lists_to_search)
        counts = (int64(f"{kind}_queries", own[f"{kind}_queries"]) for kind in recall.QUERY_KINDS)
        recalls = (float64(f"{kind}_recall", own[f"{kind}_recall"]) for kind in recall.QUERY_KINDS)
        columns = (
            boolean("rebuilt", self.rebuilt),
            string("vector_index", measured["vector_index"]),
            float64("drift", measured["drift"]),
            float64("fraction_lists_to_search", self.collection.fraction_lists_to_search),
        )
        bigquery.rows(with_parameters(self.write, *columns, *counts, *recalls))
        metrics.gauge(self.collection, "index.drift", measured["drift"])
        for kind in recall.QUERY_KINDS:
            metrics.gauge(self.collection, "index.recall", own[f"{kind}_recall"], searches=kind)
