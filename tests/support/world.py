"""A world of its own for one test: an empty bucket and dataset, and the DAGs as they are parsed for those."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from unittest.mock import patch

from tests.support import collection
from tests.support.emulator import Emulator
from vitrine.collection import load

DAGS = Path(__file__).resolve().parents[2] / "dags"
PAUSE_SECONDS = 0.02


def parse_dags(folder: Path = DAGS):
    """Parse DAG files under today's environment and answer the DagBag; an import error fails here, by name."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(folder), bundle_path=folder, bundle_name="dags-folder")
    assert not bag.import_errors, "\n".join(f"{file}:\n{error}" for file, error in bag.import_errors.items())
    return bag


@contextmanager
def short_pauses() -> Iterator[None]:
    """Let dag.test() look again at once when no task can run: it would sleep for a second.

    That is mostly not to wait for anything. A chain of tasks that are skipped takes one look for each.
    """
    from airflow.sdk import DAG

    sleep = time.sleep

    def pause(seconds: float) -> None:
        sleep(PAUSE_SECONDS if sys._getframe(1).f_code is DAG.test.__code__ else seconds)

    with patch.object(time, "sleep", pause):
        yield


_stored: list = []  # the DagBag whose DAGs Airflow's database has


@contextmanager
def stored_once(bag) -> Iterator[None]:
    """Let dag.test() store this DagBag, if it is not the last one stored: it would parse and store all anew.

    That takes as long as a third of the run itself.
    """
    from airflow.dag_processing import dagbag

    store = dagbag.sync_bag_to_db

    def store_if_new(*arguments: object) -> None:
        if _stored != [bag]:
            store(*arguments)
            _stored[:] = [bag]

    with (
        patch.object(dagbag, "BundleDagBag", lambda **_: bag),
        patch.object(dagbag, "sync_bag_to_db", store_if_new),
    ):
        yield


@contextmanager
def schemas_checked_once() -> Iterator[None]:
    """Let each schema of a Param be checked once: Airflow does it whenever it reads the Param's value."""
    from jsonschema import Draft202012Validator

    check, checked = Draft202012Validator.check_schema, set()

    def check_if_new(schema: object, *arguments: object, **options: object) -> None:
        if (text := json.dumps(schema, sort_keys=True)) not in checked:
            check(schema, *arguments, **options)
            checked.add(text)

    with patch.object(Draft202012Validator, "check_schema", check_if_new):
        yield


@dataclass
class World:
    """Where one test works; `emulator` is shared, everything in it that is named here is not."""

    emulator: Emulator
    dataset: str
    bucket: str
    gallery: Path

    @cached_property
    def dagbag(self):
        """The DAGs for this world's dataset and bucket."""
        return parse_dags()

    def upload(self, objects: dict[str, bytes], content_type: str = "image/jpeg") -> None:
        """Put objects by name into this world's bucket."""
        self.emulator.upload(self.bucket, objects, content_type)

    def prepare(self) -> None:
        """Make the dataset, the model and the tables; the bucket must not be empty."""
        collection.create(self.emulator, load()["met"])

    def list_bucket(self) -> None:
        """Let `met_images` show the bucket as it is now, as each run does."""
        self.rows(f"CALL BQ.REFRESH_EXTERNAL_METADATA_CACHE('{load()['met'].table_id('images')}')")

    def run(self, dag_id: str, **conf: object):
        """As run_dag, for the DAG of the collection `met` and its active model."""
        return self.run_dag(f"{dag_id}__met", **conf)

    def run_dag(self, dag_id: str, **conf: object):
        """Run a DAG in this process, with these Params, and answer its DagRun whatever its state."""
        dag = self.dagbag.dags[dag_id]
        params = [owner.params.get_param(name) for owner in (dag, *dag.tasks) for name in owner.params]
        defaults = [param.value for param in params]
        try:
            with short_pauses(), stored_once(self.dagbag), schemas_checked_once():
                return dag.test(run_conf=conf)
        finally:
            # dag.test() writes its Params into those of DAG and tasks, where the next run would find them.
            for param, value in zip(params, defaults, strict=True):
                param.value = value

    def rows(self, sql: str) -> list[dict]:
        """Answer the rows of a query whose unqualified tables are this world's."""
        from google.cloud.bigquery import QueryJobConfig

        project = os.environ["GOOGLE_CLOUD_PROJECT"]
        config = QueryJobConfig(default_dataset=f"{project}.{self.dataset}")
        return [dict(row) for row in self.emulator.bigquery.query_and_wait(sql, job_config=config)]
