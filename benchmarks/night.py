"""What a night costs and how fast it is, on the embedded BigQuery, as one table: `make bench-night`.

    .venv/bin/python -m benchmarks.night [--only graph quiet publication quota backfill] [--minute-seconds 10]

Counts, and ratios to a baseline of the same run; benchmarks/README.md says what each line means. The exit
code says whether all of them are as wanted. State goes to a folder below $TMPDIR that is removed at the end.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterator

from benchmarks import busy_night, quiet_night
from benchmarks.figures import Figure, as_table
from benchmarks.worlds import running_emulator, timelapse
from demo.run import output_to
from tests.conftest import STATE
from tests.support.emulator import Emulator
from tests.support.world import parse_dags


def graph(_emulator: Emulator, _minute: float) -> Iterator[Figure]:
    """The DAG as a person meets it."""
    from airflow.sdk import TaskGroup

    dag = parse_dags().dags["embed_images__met"]
    groups = [group for group in dag.task_group.get_task_group_dict().values() if group.group_id]
    shown = len(dag.task_group.children)
    closed = sum(isinstance(child, TaskGroup) for child in dag.task_group.children.values())
    passes = sum(group.group_id.rpartition(".")[2].startswith("pass_") for group in groups)
    yield Figure(
        "the graph of embed_images",
        "-",
        f"{len(dag.tasks)} tasks in {len(groups)} groups with {passes} passes; "
        f"{shown} boxes when all are closed ({closed} groups and {shown - closed} tasks)",
    )


def quiet(emulator: Emulator, _minute: float) -> Iterator[Figure]:
    """A night with nothing new."""
    emulator.faults(model_latency_seconds=0)
    return quiet_night.measure(emulator)


def publication(emulator: Emulator, _minute: float) -> Iterator[Figure]:
    """Publishing a batch beside few images and beside many."""
    return quiet_night.measure_publication(emulator)


PARTS: dict[str, Callable[[Emulator, float], Iterator[Figure]]] = {
    "graph": graph,
    "quiet": quiet,
    "publication": publication,
    "quota": busy_night.measure_quota,
    "backfill": busy_night.measure_backfill,
}


def main(arguments: list[str]) -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="default: all of them")
    parser.add_argument("--minute-seconds", type=float, default=10.0, help="of a minute of the model's quota")
    given = parser.parse_args(arguments)
    screen = open(os.dup(1), "w", buffering=1)  # noqa: SIM115 (lives as long as the process)
    figures: list[Figure] = []
    with output_to(STATE / "airflow.log"), running_emulator(timelapse(given.minute_seconds)) as (emulator, _):
        from airflow.utils.db import initdb

        initdb()
        paced = emulator.faults()
        for name in given.only:
            emulator.faults(**paced)
            for figure in PARTS[name](emulator, given.minute_seconds):
                figures.append(figure)
                print(f"{figure.name}: {figure.measured}", file=screen)
        figures.append(busy_night.paid_twice(emulator))
    shutil.rmtree(STATE)
    print(as_table(figures), file=screen)
    return int(any(figure.good is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
