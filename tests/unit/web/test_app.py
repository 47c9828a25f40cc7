"""Vitrine's pages, inside Airflow's own web server."""

import pytest


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
def login() -> dict[str, str]:
    """Headers of somebody who may look."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="vera", role="viewer"))
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def gallery(tmp_path, monkeypatch):
    """A folder with one page."""
    monkeypatch.setenv("VITRINE_GALLERY", str(tmp_path / "gallery"))
    (tmp_path / "gallery").mkdir()
    (tmp_path / "gallery" / "manual__1.html").write_text("<h1>a red car</h1>")
    (tmp_path / "secret.html").write_text("secret")


def test_a_page_is_served_to_those_who_are_logged_in(client, gallery, login):
    answer = client.get("/vitrine/galleries/manual__1.html", headers=login)
    assert (answer.status_code, answer.text) == (200, "<h1>a red car</h1>")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_nobody_else_sees_it(client, gallery):
    assert client.get("/vitrine/galleries/manual__1.html").status_code == 401


@pytest.mark.parametrize(
    "page", ["gone.html", "..%2Fsecret.html", "%2e%2e%2fsecret.html", "manual__1.txt", "%00.html"]
)
def test_nothing_else_is_served(client, gallery, login, page):
    answer = client.get(f"/vitrine/galleries/{page}", headers=login)
    assert answer.status_code == 404
    assert "secret" not in answer.text.replace("secret.html", "")
