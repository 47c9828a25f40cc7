"""The completeness gate at the end of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from vitrine.bigquery import BigQuery
from vitrine.errors import IncompleteRunError
from vitrine.jobs import boolean, int64, string, with_parameters

if TYPE_CHECKING:
    from airflow.sdk import Context

FIGURES = ("planned", "published", "quarantined", "vanished", "pending")


class ReportRunOperator(BaseOperator):
    """Write the report of a run, and fail unless planned = published + quarantined + vanished and the index
    stage ended.

    It runs whatever happened before, so that a run which is not complete never looks complete.
    Errors: IncompleteRunError naming the images that are left, or the stage that did not end.

    :param count: query job that counts this run's progress.
    :param write: query job that writes the report; gets the figures as parameters.
    :param checks: task ids of the checks of all passes, oldest first.
    :param index_tasks: task ids that may know the state of the index: (chooser, sensor).
    """

    template_fields = ("count", "write")
    template_ext = (".sql",)
    template_fields_renderers = {"count": "json", "write": "json"}

    def __init__(
        self,
        *,
        count: dict[str, Any],
        write: dict[str, Any],
        checks: Sequence[str],
        index_tasks: tuple[str, str],
        bigquery: BigQuery,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.count, self.write, self.checks, self.index_tasks = count, write, checks, index_tasks
        self.bigquery = bigquery

    def execute(self, context: Context) -> dict[str, Any]:
        """Report, then judge. Returns the figures."""
        ti = context["ti"]
        [progress] = self.bigquery.rows(self.count)
        figures = {name: progress[name] for name in FIGURES}
        passes = sum(ti.xcom_pull(task_ids=check, key="pending") is not None for check in self.checks)
        vector_index = self._vector_index(ti)
        problem = _problem(progress, passes, vector_index)
        self._write(figures, passes=passes, complete=problem is None, vector_index=vector_index or "unknown")
        self.log.info("%s passes: %s. Vector index: %s", passes, figures, vector_index)
        if problem:
            raise IncompleteRunError(problem)
        for asset in self.outlets:
            context["outlet_events"][asset].extra = {**figures, "passes": passes}
        return figures

    def _vector_index(self, ti: Any) -> str | None:
        chooser, sensor = self.index_tasks
        return ti.xcom_pull(task_ids=chooser, key="vector_index") or ti.xcom_pull(task_ids=sensor)

    def _write(self, figures: dict[str, int], *, passes: int, complete: bool, vector_index: str) -> None:
        parameters = [int64(name, value) for name, value in (*figures.items(), ("passes", passes))]
        self.bigquery.rows(
            with_parameters(
                self.write, *parameters, boolean("complete", complete), string("vector_index", vector_index)
            )
        )


def _problem(progress: dict[str, Any], passes: int, vector_index: str | None) -> str | None:
    """Why the run is not complete, or None."""
    if passes == 0:
        return "No pass was checked: clear the first failed task of pass_1. Nothing is paid twice."
    if progress["pending"]:
        named = "\n  ".join(progress["pending_images"])
        return (
            f"{progress['pending']:,} of {progress['planned']:,} planned images are neither published, "
            f"quarantined nor gone. The next run takes them up again.\n  {named}"
        )
    if vector_index is None:
        return "No image is left, but the vector index stage did not end: clear its failed task."
    return None
