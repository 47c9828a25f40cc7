"""A small collection, embedded and searchable, and people who look at it with a browser."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.collection import publish
from vitrine.collection import Collection, load
from vitrine.google import bigquery
from vitrine.web import thumbnails

DEMO = Path(__file__).resolve().parents[3] / "demo/images"
BUCKET = "web-pages"
PICTURES = ("drawings/car-red.jpg", "drawings/car-red-sports.jpg", "photos/cat.jpg", "photos/panda.jpg")
HOSTILE = """drawings/"><script>alert('1')<\u202egpj.jpg"""


@pytest.fixture(scope="module")
def collection(emulator) -> Iterator[Collection]:
    """Four demo pictures and one with a hostile name, published as embed_images would."""
    objects = {name: (DEMO / name).read_bytes() for name in PICTURES}
    emulator.upload(BUCKET, objects | {HOSTILE: (DEMO / "photos/owl.jpg").read_bytes()})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINE_DATASET", "web_pages")
        patch.setenv("VITRINE_OBJECTS", f"gs://{BUCKET}/*")
        settings = load()["met"]
        publish(emulator, settings)
        yield settings


@pytest.fixture(scope="module")
def client(airflow_db):
    """A browser without a login."""
    from airflow.api_fastapi.app import create_app
    from fastapi.testclient import TestClient

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "False")
        with TestClient(create_app(apps="core"), base_url="http://localhost") as browser:
            yield browser


@pytest.fixture
def login_as() -> Callable[[str | None], dict[str, str]]:
    """Headers of somebody with a role of the simple auth manager."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    def headers(role: str | None) -> dict[str, str]:
        token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="vera", role=role))
        return {"Authorization": f"Bearer {token}"}

    return headers


@pytest.fixture
def login(login_as) -> dict[str, str]:
    """Headers of somebody who may look."""
    return login_as("viewer")


# Extras of a connection that does not work; None for one that is not there at all.
BROKEN_CONNECTIONS = (None, {"keyfile_dict": "{no json"}, {"key_path": "/no/such/key.json"})


@pytest.fixture(params=BROKEN_CONNECTIONS, ids=["missing", "invalid key", "no key file"])
def broken_connection(request, monkeypatch) -> Iterator[None]:
    """Airflow's connection to Google Cloud does not work."""
    monkeypatch.delenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", raising=False)
    if request.param:
        connection = {"conn_type": "google_cloud_platform", "extra": request.param}
        monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", json.dumps(connection))
    forget_clients()
    monkeypatch.setattr("airflow.sdk.io.store._STORE_CACHE", {})
    yield
    forget_clients()


def forget_clients() -> None:
    """Make the next request of the pages connect anew."""
    thumbnails._client.cache_clear()
    bigquery._shared_client.cache_clear()
