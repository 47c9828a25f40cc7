"""`make demo`: upload the demo images, run the three DAGs with real Airflow in this process, show what was
found.

State stays under .local, so a second run embeds nothing again. Airflow's own output goes to
.local/logs/demo.log.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from demo.upload import upload_new_images
from scripts.health import get_json
from scripts.stack import ROOT, StackError, emulator_running, migrate_database

LOGS = ROOT / ".local" / "logs"
PROGRESS_SECONDS = 2.0


def main(query: str) -> int:
    """Run the demo; 0 when the pictures are there."""
    screen = open(os.dup(1), "w", buffering=1)  # noqa: SIM115 (lives as long as the process)
    try:
        with emulator_running(ROOT / ".local"):
            print(upload_new_images(), file=screen)
            with output_to(LOGS / "demo.log"):
                found = search(screen, query)
    except StackError as error:
        print(error, file=screen)
        return 1
    return show(screen, query, found) if found else 1


@contextmanager
def output_to(log: Path) -> Iterator[None]:
    """Send what Airflow writes to standard output and error into a file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    streams = os.dup(1), os.dup(2)
    with log.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            for number, stream in enumerate(streams, start=1):
                os.dup2(stream, number)


def search(screen: TextIO, query: str) -> dict | None:
    """Set up, embed, search: the output of search_images, or None when a DAG failed."""
    print("Starting Airflow ...", file=screen)
    migrate_database(LOGS / "migrate.log")
    from airflow.dag_processing.dagbag import DagBag

    dags = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).dags
    for dag_id, conf in (
        ("setup_image_search", {}),
        ("embed_images", {}),
        ("search_images", {"query": query}),
    ):
        run = run_dag(screen, dags[dag_id], conf)
        if run.state != "success":
            return explain(screen, run)
    return run.get_task_instance("write_gallery").xcom_pull(task_ids="write_gallery")


def run_dag(screen: TextIO, dag, conf: dict):
    """Run one DAG with progress on the screen; answer its DagRun."""
    started, over = time.monotonic(), threading.Event()
    watcher = threading.Thread(target=watch, args=(screen, dag.dag_id, over))
    watcher.start()
    try:
        run = dag.test(run_conf=conf)
    finally:
        over.set()
        watcher.join()
    seconds = time.monotonic() - started
    print(
        f"{dag.dag_id}: {run.state} after {seconds:.0f} s, {calls()} calls of the model so far", file=screen
    )
    return run


def watch(screen: TextIO, dag_id: str, over: threading.Event) -> None:
    """Say now and then how many calls of the model there were, until the run is over."""
    seen = calls()
    while not over.wait(PROGRESS_SECONDS):
        if (now := calls()) != seen:
            seen = now
            print(f"{dag_id}: {now} calls of the model", file=screen)


def calls() -> int:
    """Calls of the model since the emulator's data were made."""
    return (get_json(f"{os.environ['BIGQUERY_EMULATOR_HOST']}/emulator/ledger/summary") or {"calls": 0})[
        "calls"
    ]


def explain(screen: TextIO, run) -> None:
    """Name the tasks that failed and where their output is."""
    failed = [task.task_id for task in run.get_task_instances() if task.state == "failed"]
    print(f"{run.dag_id} failed in {', '.join(failed)}. See {LOGS / 'demo.log'}.", file=screen)


def show(screen: TextIO, query: str, found: dict) -> int:
    """Print the results as a table, and where the pictures are."""
    sys.path.append(os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"])
    from vitrine.search.gallery import table

    print(f"\n{query}\n{table(found['results'])}\n\nGallery: {found['gallery']}", file=screen)
    return 0


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
