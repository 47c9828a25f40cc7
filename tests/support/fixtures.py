"""The fixtures that tests of the Airflow side share."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.stack import Stack, emulator_service
from tests.support.emulator import Emulator
from tests.support.stack import AirflowStack, running_stack
from tests.support.world import World, parse_dags
from vitrine.collection import bucket_of


@pytest.fixture(scope="session")
def emulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The embedded BigQuery as a process of its own, with data of its own."""
    stack, service = Stack(tmp_path_factory.mktemp("emulator")), emulator_service()
    stack.start(service)
    try:
        yield stack
    finally:
        stack.stop(service.name)


@pytest.fixture(scope="session")
def emulator(emulator_process: Stack) -> Emulator:
    """The embedded BigQuery, running, with the bucket for uploads that config/local.env names."""
    names = ("BIGQUERY_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "EMULATOR_PROJECT")
    running = Emulator(*(os.environ[name] for name in names))
    running.storage.create_bucket(bucket_of(os.environ["VITRINE_UPLOADS"]))
    return running


@pytest.fixture(scope="session")
def airflow_db() -> None:
    """Airflow's own database, empty, in the session's AIRFLOW_HOME."""
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture(scope="session")
def dagbag(airflow_db: None):
    """Every DAG, parsed once, for tests that only look at them."""
    return parse_dags()


@contextmanager
def new_world(emulator: Emulator, folder: Path, settings: dict[str, str] | None = None) -> Iterator[World]:
    """A dataset and a bucket that nobody else sees, DAGs that work on them under these VITRINE_ settings."""
    unique = uuid.uuid4().hex[:8]
    world = World(emulator, f"world_{unique}", f"bucket-{unique}", folder / "gallery")
    own = {
        "VITRINE_DATASET": world.dataset,
        "VITRINE_OBJECTS": f"gs://{world.bucket}/*",
        "VITRINE_GALLERY": str(world.gallery),
    }
    with pytest.MonkeyPatch.context() as environment:
        for name, value in (own | (settings or {})).items():
            environment.setenv(name, value)
        yield world
    # The emulator would look after its index, and list its tables, for the rest of the session.
    emulator.bigquery.delete_dataset(world.dataset, delete_contents=True, not_found_ok=True)


@pytest.fixture
def fresh_world(emulator: Emulator, airflow_db: None, tmp_path: Path) -> Iterator[World]:
    """A world for one test; faults end with the test."""
    before = emulator.faults()
    with new_world(emulator, tmp_path) as world:
        yield world
    emulator.faults(**before)


@pytest.fixture(scope="module")  # not longer: its processes take a third of a core even when idle
def airflow_stack(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowStack]:
    """Airflow's four processes, started once for a module's tests."""
    with running_stack(tmp_path_factory.mktemp("stack")) as stack:
        yield stack
