"""One emulator process, in the emulator's environment, for clients that live in this folder's own."""

import uuid

import grpc
import pytest
from emulator_process import ROOT, EmulatorProcess, free_port
from google.cloud.bigquery_storage import BigQueryReadClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

UNLIMITED = [("grpc.max_receive_message_length", -1)]  # as Google's own transport has it


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


@pytest.fixture(scope="session")
def reader(emulator):
    """Official client of the Storage Read API, on a channel without encryption."""
    address = f"127.0.0.1:{emulator.environment['EMULATOR_READ_PORT']}"
    with grpc.insecure_channel(address, options=UNLIMITED) as channel:
        yield BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))
