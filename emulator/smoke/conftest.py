"""One emulator process, in the emulator's environment, for clients that live in this folder's own."""

import uuid

import pytest
from emulator_process import ROOT, EmulatorProcess, free_port


@pytest.fixture(scope="session")
def emulator(tmp_path_factory):
    """The emulator of the session; tests use their own dataset and bucket names."""
    data, python = tmp_path_factory.mktemp("emulator"), ROOT / ".venv/bin/python"
    with EmulatorProcess(data, python, EMULATOR_READ_PORT=str(free_port())) as process:
        yield process


@pytest.fixture(scope="session")
def bigquery(emulator):
    """Official BigQuery client."""
    return emulator.bigquery()


@pytest.fixture
def dataset(bigquery):
    """Id of a fresh dataset, dropped afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    bigquery.create_dataset(name)
    yield name
    bigquery.delete_dataset(name, delete_contents=True)


@pytest.fixture
def bucket(emulator):
    """A fresh bucket, as the official Cloud Storage client sees it."""
    bucket = emulator.storage().create_bucket(f"bucket-{uuid.uuid4().hex[:12]}")
    yield bucket
    bucket.delete(force=True)
