"""`make demo`: upload pictures, run three DAGs of their collection with real Airflow in this process, show
what was found.

The pictures are the demo's own, or with IMAGES=folder those of that folder. State stays under .local, so a
second run embeds nothing again. Airflow's own output goes to .local/logs/demo.log.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from demo.folders import FolderError, add, choose_name
from demo.upload import DEMO_COLLECTION, Folder, upload, upload_demo_images
from scripts.health import get_json
from scripts.stack import ROOT, Stack, StackError, emulator_running, migrate_database
from vitrine.collection import Collection, load
from vitrine.errors import SettingsError
from vitrine.limits import MAX_QUERY_BYTES

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.sdk import DAG

STATE = ROOT / ".local"
LOGS = STATE / "logs"
PROGRESS_SECONDS = 2.0
DAGS = ("setup_image_search", "embed_images", "search_images")


def main(query: str, images: str = "", name: str = "") -> int:
    """Run the demo; 0 when the pictures are there.

    :param images: a folder of pictures; empty for the demo's.
    :param name: of the folder's collection; empty for one like the folder's.
    """
    screen = open(os.dup(1), "w", buffering=1)  # noqa: SIM115 (lives as long as the process)
    try:
        check(query)
        found = search_folder(screen, query, images, name) if images else search_demo(screen, query)
    except (StackError, FolderError, SettingsError) as error:
        print(error, file=screen)
        return 1
    return 0 if found else 1


def check(query: str) -> None:
    """Refuse what the model would, before anything starts. Errors: FolderError."""
    if not query.strip() or len(query.encode(errors="surrogateescape")) > MAX_QUERY_BYTES:
        raise FolderError(f"QUERY must have 1 to {MAX_QUERY_BYTES:,} bytes: say what you look for.")


@contextmanager
def alone() -> Iterator[None]:
    """Keep another `make demo` out, because each ends the runs that it finds. Errors: StackError."""
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / "demo.lock").open("w") as lock:
        try:
            # The system takes it back however this process ends.
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise StackError("Another `make demo` is at work: wait until it has ended.") from None
        yield


def search_demo(screen: TextIO, query: str) -> bool:
    """Search the demo's own pictures; False when a DAG failed."""
    with alone(), emulator_running(STATE):
        print(upload_demo_images(), file=screen)
        found = search(screen, load()[DEMO_COLLECTION], query)
    if found:
        print(f"To search on: `make up`, then open {search_page(DEMO_COLLECTION)}", file=screen)
    return found


def search_folder(screen: TextIO, query: str, images: str, name: str) -> bool:
    """Search the pictures of a folder as a collection of its own; False when a DAG failed."""
    path = Path(images).expanduser().resolve()
    name = choose_name(path, name, STATE)
    folder = Folder.read(path)
    if not folder.pictures:
        raise FolderError(f"{path} has no JPEG, PNG, BMP or GIF pictures, nor have the folders in it.")
    collection = add(name, path, STATE)
    print(f"{path} is the collection {name}", file=screen)
    with alone(), emulator_running(STATE):
        uploaded = upload(collection.buckets[0], folder.pictures, mirror=True)
        print(f"{uploaded}; files that are no images: {folder.skipped:,}", file=screen)
        found = search(screen, collection, query)
    if found:
        print(next_steps(name, is_running=Stack(STATE).process("api-server") is not None), file=screen)
    return found


def next_steps(name: str, *, is_running: bool) -> str:
    """What a person may do with the new collection."""
    # An Airflow that was started before the collection knows nothing of it.
    up = "make down up" if is_running else "make up"
    return (
        f"To search on: `{up}`, then open {search_page(name)}\n"
        f"There you choose between the collections; in Airflow the DAGs of this one have the tag {name}.\n"
        "When the folder has changed, run the same command again: what is gone from it is deleted here, too."
    )


def search_page(name: str) -> str:
    """Address of a collection's search page in the Airflow of `make up`."""
    return f"{os.environ['AIRFLOW__API__BASE_URL']}/plugin/image-search/vitrine/{name}/"


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


def search(screen: TextIO, collection: Collection, query: str) -> bool:
    """Set up, embed, search, and show what was found; False when a DAG failed."""
    with output_to(LOGS / "demo.log"):
        found = run_dags(screen, collection, query)
        if found:
            show(screen, query, found)
    return found is not None


def run_dags(screen: TextIO, collection: Collection, query: str) -> dict[str, Any] | None:
    """The output of the collection's search_images, or None when a DAG failed."""
    print("Starting Airflow ...", file=screen)
    migrate_database(LOGS / "migrate.log")
    from airflow.dag_processing.dagbag import DagBag

    dags = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).dags
    if not Stack(STATE).process("scheduler"):
        end_dead_runs([collection.dag_id(dag) for dag in DAGS])
    for dag in DAGS:
        conf = {"query": query} if dag == "search_images" else {}
        run = run_dag(screen, dags[collection.dag_id(dag)], conf)
        if run.state != "success":
            explain(screen, run)
            return None
        if dag == "embed_images" and (broken := returned(run, "report_run")["quarantined"]):
            print(f"In quarantine, because the model cannot read them: {broken:,} images", file=screen)
    return returned(run, "write_gallery")


def end_dead_runs(dag_ids: list[str]) -> None:
    """Fail the runs of a demo that was interrupted: no scheduler goes on with them, and the next would wait
    for their turn to end."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState

    with create_session() as session:
        for run in DagRun.find(dag_id=dag_ids, state=DagRunState.RUNNING, session=session):
            run.state = DagRunState.FAILED


def returned(run: DagRun, task_id: str) -> dict[str, Any]:
    """What a task of the run has returned."""
    task = run.get_task_instance(task_id)
    value: dict[str, Any] = task.xcom_pull(task_ids=task_id) if task else {}
    return value


def run_dag(screen: TextIO, dag: DAG, conf: dict[str, str]) -> DagRun:
    """Run one DAG with progress on the screen."""
    started, before, over = time.monotonic(), calls(), threading.Event()
    watcher = threading.Thread(target=watch, args=(screen, dag.dag_id, before, over))
    watcher.start()
    try:
        run: DagRun = dag.test(run_conf=conf)
    finally:
        over.set()
        watcher.join()
    seconds = time.monotonic() - started
    print(
        f"{dag.dag_id}: {run.state} after {seconds:.0f} s, {calls() - before:,} calls of the model",
        file=screen,
    )
    return run


def watch(screen: TextIO, dag_id: str, before: int, over: threading.Event) -> None:
    """Say now and then how many calls of the model there were since `before`, until the run is over."""
    seen = before
    while not over.wait(PROGRESS_SECONDS):
        if (now := calls()) > seen:
            seen = now
            print(f"{dag_id}: {now - before:,} calls of the model", file=screen)


def calls() -> int:
    """Calls of the model since the emulator's data were made."""
    summary = get_json(f"{os.environ['BIGQUERY_EMULATOR_HOST']}/emulator/ledger/summary")
    return int(summary["calls"]) if summary else 0


def explain(screen: TextIO, run: DagRun) -> None:
    """Name the tasks that failed and where their output is."""
    failed = [task.task_id for task in run.get_task_instances() if task.state == "failed"]
    print(f"{run.dag_id} failed in {', '.join(failed)}. See {LOGS / 'demo.log'}.", file=screen)


def show(screen: TextIO, query: str, found: dict[str, Any]) -> None:
    """Print the results as a table, and where the pictures are."""
    from vitrine.search.gallery import results_as_text

    print(f"\n{query}\n{results_as_text(found['results'])}", file=screen)
    # As an address, which terminals open with a click.
    print(f"\nThe pictures: {Path(found['gallery']).as_uri()}", file=screen)
