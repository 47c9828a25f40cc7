"""Starts the next run when this one has left images to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class NextWaveOperator(TriggerDagRunOperator):
    """Start the DAG's own next wave, with the same Params, if this wave was complete and the limit of one run
    has left images to it. Else do nothing. Reads the Param keep_going.

    :param report: task id of the report.
    """

    # The provider's link to the triggered run would log an error whenever there is none.
    operator_extra_links = ()  # type: ignore[assignment]  # theirs is a list

    def __init__(self, *, report: str, **kwargs: Any) -> None:
        super().__init__(
            trigger_run_id="{{ next_wave(run_id) }}",
            # When this task is cleared, the next wave is there already.
            skip_when_already_exists=True,
            **kwargs,
        )
        self.report = report

    def execute(self, context: Context) -> None:
        """Trigger the next wave, or say why there is none."""
        ti = context["ti"]
        report = ti.xcom_pull(task_ids=self.report) or {}
        if report.get("deferred_reason") != "max_images_per_run":
            self.log.info("No image is left because of max_images_per_run: this was the last wave.")
        elif not context["params"]["keep_going"] or context["dag_run"].run_type == "backfill":
            self.log.info("%s images are left to the next run.", f"{report['deferred']:,}")
        else:
            self.conf = context["dag_run"].conf
            super().execute(context)


def next_wave(run_id: str) -> str:
    """Run id of the wave after a run.

    >>> next_wave("manual__2026-11-27")
    'manual__2026-11-27__wave_2'
    >>> next_wave("manual__2026-11-27__wave_2")
    'manual__2026-11-27__wave_3'
    """
    begun = re.fullmatch(r"(.*)__wave_(\d+)", run_id)
    return f"{begun[1]}__wave_{int(begun[2]) + 1}" if begun else f"{run_id}__wave_2"
