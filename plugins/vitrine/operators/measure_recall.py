"""Measures how good the vector index is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from vitrine import recall
from vitrine.bigquery import BigQuery
from vitrine.index_state import IndexState, Kind
from vitrine.jobs import boolean, float64, int64, string, with_parameters
from vitrine.triggers.vector_index import read_state

if TYPE_CHECKING:
    from airflow.sdk import Context


class MeasureRecallOperator(BaseOperator):
    """Compare searches with the index to exact ones on a sample, ask for the drift, and write both down.

    An index that is not in use is written down without recall: every search is exact then. Pushes the XCom
    `built`, when the index was trained.

    :param read: query job that reads the index's row.
    :param table_id: the table that carries the index, as project.dataset.table.
    :param coverage: percentage of the rows from which the index counts as ready.
    :param drift: query job that asks for the drift.
    :param configuration: query job that searches for the sample (columns level, kind, queries, recall).
    :param write: query job that writes the measurement; gets it as parameters.
    :param usual_share: share of the lists that every search looks through; None: BigQuery decides.
    :param rebuilt: whether this run has rebuilt the index.
    """

    template_fields = ("read", "drift", "configuration", "write")
    template_ext = (".sql",)
    template_fields_renderers = dict.fromkeys(template_fields, "json")

    def __init__(
        self, *, read: dict[str, Any], table_id: str, coverage: int, drift: dict[str, Any],
        configuration: dict[str, Any], write: dict[str, Any], usual_share: float | None, rebuilt: bool,
        bigquery: BigQuery, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.read, self.table_id, self.coverage, self.drift = read, table_id, coverage, drift
        self.configuration, self.write, self.bigquery = configuration, write, bigquery
        self.usual_share, self.rebuilt = usual_share, rebuilt

    def execute(self, context: Context) -> dict[str, Any]:
        """Measure. Returns vector_index, drift and shares (see recall.by_share; empty when not in use)."""
        state = read_state(self.bigquery, self.read, self.table_id, self.coverage)
        context["ti"].xcom_push(key="built", value=state.built)
        measured = self._measure(state)
        self._write(measured)
        table = recall.table(measured["shares"])
        self.log.info("%s Drift: %s.\n%s", measured["vector_index"], measured["drift"], table)
        return measured

    def _measure(self, state: IndexState) -> dict[str, Any]:
        drift = recall.drift(self.bigquery.rows(self.drift))
        if state.kind is not Kind.READY:
            return {"vector_index": state.message, "drift": drift, "shares": []}
        answer = self.bigquery.answer(self.configuration)
        return {
            "vector_index": " ".join(filter(None, (state.message, recall.not_used(answer.statistics)))),
            "drift": drift,
            "shares": recall.by_share(answer.rows, self.usual_share),
        }

    def _write(self, measured: dict[str, Any]) -> None:
        """Write down the measurement, with the recall of what searches use."""
        [own, *_] = measured["shares"] or recall.by_share([], self.usual_share)
        counts = (int64(f"{kind}_queries", own[f"{kind}_queries"]) for kind in recall.KINDS)
        recalls = (float64(f"{kind}_recall", own[f"{kind}_recall"]) for kind in recall.KINDS)
        said = (
            boolean("rebuilt", self.rebuilt),
            string("vector_index", measured["vector_index"]),
            float64("drift", measured["drift"]),
            float64("fraction_lists_to_search", self.usual_share),
        )
        self.bigquery.rows(with_parameters(self.write, *said, *counts, *recalls))
