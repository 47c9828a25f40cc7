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

FIGURES = ("planned", "published", "quarantined", "vanished", "pending", "ignored")


class ReportRunOperator(BaseOperator):
    """Write the report of a run; fail unless planned = published + quarantined + vanished and no task failed.

    It runs whatever happened before, so that a run which is not complete never looks complete. A batch that
    failed does not count: what became of its images does.
    Errors: IncompleteRunError naming the images that are left, or the tasks that failed.

    :param count: query job that counts this run's progress.
    :param write: query job that writes the report; gets the figures as parameters.
    :param checks: task ids of the checks of all passes, oldest first.
    :param removal: task id that knows how many images were removed.
    :param index: task ids of the chooser and the sensor, of which one knows the state of the index.
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
        removal: str,
        index: tuple[str, str],
        bigquery: BigQuery,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.count, self.write, self.bigquery = count, write, bigquery
        self.checks, self.removal, self.index = checks, removal, index

    def execute(self, context: Context) -> dict[str, Any]:
        """Report, then judge. Returns the figures."""
        ti = context["ti"]
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])[ti.run_id]
        [progress] = self.bigquery.rows(self.count)
        removed = (
            ti.xcom_pull(task_ids=self.removal, key="vanished")
            if states.get(self.removal) == "success"
            else 0
        )
        figures = {name: progress[name] for name in FIGURES} | {
            "removed": removed,
            "passes": sum(states.get(check) == "success" for check in self.checks),
        }
        vector_index = self._vector_index(ti, states)
        problem = _problem(progress, figures["passes"], _failed_tasks(states))
        self._write(figures, complete=problem is None, vector_index=vector_index)
        self.log.info("%s. Vector index: %s", figures, vector_index)
        if problem:
            raise IncompleteRunError(problem)
        for asset in self.outlets:
            context["outlet_events"][asset].extra = figures
        return figures

    def _vector_index(self, ti: Any, states: dict[str, str]) -> str:
        """What the last of the two has said; one that did not run this time may have said it before."""
        ended = [task for task in self.index if states.get(task) in ("success", "failed")]
        said = [ti.xcom_pull(task_ids=task, key="vector_index") for task in ended]
        return next((state for state in reversed(said) if state), "unknown")

    def _write(self, figures: dict[str, int], *, complete: bool, vector_index: str) -> None:
        parameters = [int64(name, value) for name, value in figures.items()]
        outcome = boolean("complete", complete), string("vector_index", vector_index)
        self.bigquery.rows(with_parameters(self.write, *parameters, *outcome))


def _failed_tasks(states: dict[str, str]) -> list[str]:
    return sorted(task for task, state in states.items() if state == "failed" and ".embed_batch" not in task)


def _problem(progress: dict[str, Any], passes: int, failed: list[str]) -> str | None:
    """Why the run is not complete, or None."""
    problems = []
    if failed:
        problems.append(f"Failed: {', '.join(failed)}. See their logs and clear them; nothing is paid twice.")
    elif passes == 0:
        problems.append("No pass was checked: clear the run. Nothing is paid twice.")
    if progress["pending"]:
        named = "\n  ".join(progress["pending_images"])
        problems.append(
            f"{progress['pending']:,} of {progress['planned']:,} planned images are neither published, "
            f"quarantined nor gone. The next run takes them up again.\n  {named}"
        )
    if progress["duplicates"]:
        problems.append(
            f"{progress['duplicates']:,} rows of met_image_embeddings repeat the uri of another: delete them."
        )
    return "\n".join(problems) or None
