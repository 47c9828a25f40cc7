"""A small collection, embedded and searchable, and people who look at it with a browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.collection import publish
from vitrine.settings import Settings, load

DEMO = Path(__file__).resolve().parents[3] / "demo/images"
BUCKET = "web-pages"
PICTURES = ("drawings/car-red.jpg", "drawings/car-red-sports.jpg", "photos/cat.jpg", "photos/panda.jpg")
HOSTILE = """drawings/"><script>alert('1')<\u202egpj.jpg"""


@pytest.fixture(scope="module")
def collection(emulator) -> Iterator[Settings]:
    """Four demo pictures and one with a hostile name, published as embed_images would."""
    objects = {name: (DEMO / name).read_bytes() for name in PICTURES}
    emulator.upload(BUCKET, objects | {HOSTILE: (DEMO / "photos/owl.jpg").read_bytes()})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINE_DATASET", "web_pages")
        patch.setenv("VITRINE_OBJECT_URIS", f"gs://{BUCKET}/*")
        settings = load()
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
