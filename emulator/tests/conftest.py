"""A real emulator process per test session, reached only through the official clients and plain HTTP."""

import copy
import uuid

import pictures
import pytest
from emulator_process import EmulatorProcess


@pytest.fixture(scope="session")
def emulator(tmp_path_factory):
    """The shared emulator of the session; tests use their own dataset and bucket names."""
    with EmulatorProcess(tmp_path_factory.mktemp("emulator")) as process:
        yield process


@pytest.fixture
def own_emulator(tmp_path):
    """An emulator of the test's own, for restarts and kills."""
    with EmulatorProcess(tmp_path) as process:
        yield process


def in_project(emulator: EmulatorProcess, project: str) -> EmulatorProcess:
    """The same process, with clients of another project."""
    other = copy.copy(emulator)
    other.project = project
    return other


@pytest.fixture
def own_project(emulator):
    """The shared emulator in a project of the test's own."""
    return in_project(emulator, f"test-{uuid.uuid4().hex[:12]}")


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory):
    """An emulator that listens on 127.0.0.2 instead of 127.0.0.1, of which its URLs still speak."""
    with EmulatorProcess(tmp_path_factory.mktemp("elsewhere"), EMULATOR_HOST="127.0.0.2") as process:
        yield process


@pytest.fixture(scope="session")
def bigquery(emulator):
    """Official BigQuery client of the shared emulator."""
    return emulator.bigquery()


@pytest.fixture
def dataset(bigquery):
    """A fresh dataset, dropped afterwards; the test gets its id."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    bigquery.query_and_wait(f"CREATE SCHEMA {name}")
    yield name
    bigquery.query_and_wait(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture(scope="module")
def process(emulator, request):
    """The shared emulator, in a project of the module's own, so that datasets, jobs and quotas are its own.

    ds.images has as many different images as the module's IMAGES says, in the bucket `faulty`.
    """
    process = in_project(emulator, request.module.__name__.replace("_", "-"))
    images = {f"{number:02d}.png": pictures.unlike(number) for number in range(request.module.IMAGES)}
    pictures.setup(process, "ds", "faulty", images)
    process.defaults = process.faults()
    yield process
    process.storage().bucket("faulty").delete(force=True)
    process.bigquery().query_and_wait("DROP SCHEMA ds CASCADE")


@pytest.fixture
def service(process):
    """The same with the hash model and no other faults; `service.calls()` are those of the test."""
    process.faults(**process.defaults | {"hash_model": True})
    before = len(process.ledger())
    process.calls = lambda: process.ledger()[before:]
    yield process
    process.faults(**process.defaults)
