"""Requests that a web page makes a browser send to an Airflow in which nobody logs in."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from vitrine.web.strangers import RefuseStrangers

AIRFLOW = "http://127.0.0.1:8080"


@pytest.fixture
def client(monkeypatch):
    """A client of an app behind the middleware, at http://127.0.0.1:8080."""
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://airflow.internal:8080/")
    app = FastAPI()
    app.add_middleware(RefuseStrangers)

    @app.api_route("/", methods=["GET", "POST"])
    def answer() -> str:
        return "done"

    return TestClient(app, base_url=AIRFLOW)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:1", "[::1]:8080", "airflow.internal"])
def test_loopback_and_the_configured_host_are_served(client, host):
    assert client.post("/", headers={"host": host}).text == '"done"'


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "x@127.0.0.1.evil"])
def test_a_name_that_was_made_to_resolve_here_is_refused(client, host):
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == 403
    assert "base_url" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
    ],
)
def test_another_page_changes_nothing(client, headers):
    assert client.post("/", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers", [{}, {"origin": AIRFLOW}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}]
)
def test_own_pages_and_programs_work(client, headers):
    assert client.post("/", headers=headers).status_code == 200


def test_a_link_may_be_followed_but_not_shown_in_a_frame(client):
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/", headers=link | {"sec-fetch-dest": "document"}).status_code == 200
    assert client.get("/", headers=link | {"sec-fetch-dest": "iframe"}).status_code == 403
