"""Where the boundary tests run: on the emulator, or on BigQuery itself when BOUNDARY_PROJECT names a project.

On BigQuery the clients are the plain ones with your default credentials. BOUNDARY_BUCKET, by default
"<project>-vitrine-boundary", is a bucket in the US that exists; the tests write below vitrine-boundary/ only.
"""

import os

import pictures
import pytest
from emulator_process import EmulatorProcess

from boundary.service import BigQuery, Emulator, Folder, Service
from boundary.vectors import Indexed

PROJECT = os.environ.get("BOUNDARY_PROJECT")


def pytest_collection_modifyitems(items):
    """Skip on BigQuery what only an emulator can do, and say why."""
    for item in items:
        if PROJECT and (mark := item.get_closest_marker("emulator_only")):
            item.add_marker(pytest.mark.skip(reason=mark.args[0]))


@pytest.fixture(scope="session")
def service(request) -> Service:
    """The clients' makers, the same for both."""
    if PROJECT:
        return BigQuery(PROJECT, os.environ.get("BOUNDARY_BUCKET", f"{PROJECT}-vitrine-boundary"))
    process: EmulatorProcess = request.getfixturevalue("emulator")
    return Emulator(process)


@pytest.fixture(scope="session")
def bigquery(service):
    """Google's client."""
    return service.bigquery


@pytest.fixture
def dataset(service):
    """The id of a dataset of the test's own, dropped afterwards."""
    with service.dataset() as name:
        yield name


@pytest.fixture(scope="session")
def shared_dataset(service):
    """The id of a dataset that all tests read."""
    with service.dataset() as name:
        yield name


@pytest.fixture(scope="session")
def indexed(service, shared_dataset) -> Indexed:
    """A table whose index stores `kind` and covers every row; tests only read it."""
    indexed = Indexed(service, shared_dataset, "indexed")
    indexed.fill()
    indexed.index(clauses="STORING(kind)")
    indexed.wait_full()
    return indexed


@pytest.fixture
def folder(service) -> Folder:
    """An empty folder of Cloud Storage, emptied afterwards."""
    with service.folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def model(service, shared_dataset) -> str:
    """The name of a remote model; where its connection is new, the grant takes a while to work."""
    name = f"{shared_dataset}.model"
    statement = (
        f"CREATE MODEL IF NOT EXISTS {name} REMOTE WITH CONNECTION DEFAULT "
        "OPTIONS (ENDPOINT = 'multimodalembedding@001')"
    )
    service.wait_until(lambda: service.accepts(statement, "does not have the permission"))
    return name


@pytest.fixture(scope="session")
def images(service, shared_dataset) -> str:
    """The name of an object table: four images of one colour each, one that is broken, and a text."""
    with service.folder() as folder:
        for colour, value in pictures.COLOURS.items():
            folder.put(f"{colour}.png", pictures.png(value))
        folder.put("broken.png", b"not an image")
        folder.put("note.txt", b"words", "text/plain")
        service.ask(
            f"CREATE EXTERNAL TABLE {shared_dataset}.images WITH CONNECTION DEFAULT "
            f"OPTIONS (object_metadata = 'SIMPLE', uris = ['{folder.uri}/*'])"
        )
        yield f"{shared_dataset}.images"
