"""Vitrine's pages, inside Airflow's own web server."""

from pathlib import Path

import pytest

from vitrine.web import app as pages

STATIC = Path(pages.__file__).parent / "static"
FILES = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())


@pytest.fixture
def gallery(tmp_path, monkeypatch):
    """A folder with one page."""
    monkeypatch.setenv("VITRINE_GALLERY", str(tmp_path / "gallery"))
    (tmp_path / "gallery").mkdir()
    (tmp_path / "gallery" / "manual__1.html").write_text("<h1>a red car</h1>")
    (tmp_path / "secret.html").write_text("secret")


def test_a_page_is_served_to_those_who_are_logged_in(client, gallery, login):
    answer = client.get("/vitrine/met/galleries/manual__1.html", headers=login)
    assert (answer.status_code, answer.text) == (200, "<h1>a red car</h1>")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_nobody_else_sees_it(client, gallery):
    assert client.get("/vitrine/met/galleries/manual__1.html").status_code == 401


@pytest.mark.parametrize(
    "page", ["gone.html", "..%2Fsecret.html", "%2e%2e%2fsecret.html", "manual__1.txt", "%00.html"]
)
def test_nothing_else_is_served(client, gallery, login, page):
    answer = client.get(f"/vitrine/met/galleries/{page}", headers=login)
    assert answer.status_code == 404
    assert "secret" not in answer.text.replace("secret.html", "")


def test_a_gallery_in_a_bucket_is_served(client, emulator, monkeypatch, login):
    emulator.upload("galleries", {"pages/r.html": b"<h1>a red car</h1>"}, content_type="text/html")
    monkeypatch.setenv("VITRINE_GALLERY", "gs://galleries/pages")
    assert client.get("/vitrine/met/galleries/r.html", headers=login).text == "<h1>a red car</h1>"
    assert client.get("/vitrine/met/galleries/gone.html", headers=login).status_code == 404


def test_a_bucket_that_cannot_be_connected_to_is_a_sentence(client, broken_connection, monkeypatch, login):
    monkeypatch.setenv("VITRINE_GALLERY", "gs://galleries/pages")
    answer = client.get("/vitrine/met/galleries/r.html", headers=login)
    assert answer.status_code == 502
    assert answer.text == "Airflow's connection to Google Cloud does not work: ask your administrator."


def test_a_browser_without_a_login_is_sent_to_it_and_back(client):
    answer = client.get("/vitrine/met/?q=a+red+car", headers={"Accept": "text/html"}, follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["Location"].endswith(
        "?next=http%3A%2F%2Flocalhost%2Fvitrine%2Fmet%2F%3Fq%3Da%2Bred%2Bcar"
    )


@pytest.mark.parametrize("path", ["", "?q=x", "thumbnails?uri=gs://b/x&signature=y", "docs", "openapi.json"])
def test_nothing_answers_without_a_login(client, path):
    assert client.get(f"/vitrine/met/{path}").status_code in (401, 404)


def test_whoever_has_no_role_sees_nothing(client, login_as):
    assert client.get("/vitrine/met/", headers=login_as(None)).status_code == 403


@pytest.mark.parametrize("name", FILES)
def test_style_and_script_are_for_everybody(client, name):
    answer = client.get(f"/vitrine/_static/{name}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


def test_nothing_but_style_and_script_is_static(client):
    for path in ("_static/../app.py", "_static/%2e%2e/app.py", "_static/..%2fapp.py", "_static/"):
        assert client.get(f"/vitrine/{path}").status_code in (401, 404)


@pytest.fixture
def two_collections(monkeypatch, tmp_path):
    """The pages of a deployment with two collections."""
    file = tmp_path / "collections.yaml"
    file.write_text("collections: {met: {}, dresses: {dataset: dresses, objects: [gs://dresses/*]}}")
    monkeypatch.setenv("VITRINE_COLLECTIONS", str(file))


def test_the_first_page_is_that_of_the_first_collection(client, login):
    for search in ("", "?q=a+red+car&n=3"):
        answer = client.get(f"/vitrine/{search}", headers=login, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (307, f"met/{search}")


def test_a_person_chooses_among_collections_and_stays_on_the_same_page(client, login, two_collections):
    search = client.get("/vitrine/met/", headers=login).text
    assert '<a href="../met/" aria-current="true">met</a>' in search
    assert '<a href="../dresses/">dresses</a>' in search
    health = client.get("/vitrine/dresses/health", headers=login).text
    assert '<a href="../met/health">met</a>' in health
    assert '<a href="../dresses/health" aria-current="true">dresses</a>' in health


def test_one_collection_needs_no_choice(client, login):
    assert "../met/" not in client.get("/vitrine/met/", headers=login).text


def test_a_collection_that_is_not_there_is_named(client, login, two_collections):
    answer = client.get("/vitrine/hats/", headers=login)
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no collection 'hats'. The collections are: met, dresses."


@pytest.mark.parametrize(
    "path", ["", "met/", "met/health", "met/health/backlog", "met/thumbnails?uri=u&signature=s"]
)
@pytest.mark.parametrize("accept", ["text/html", "image/*"])
def test_settings_that_cannot_work_are_the_same_sentence_on_every_page(
    client, login, monkeypatch, path, accept
):
    monkeypatch.setenv("VITRINE_DATASETT", "x")
    answer = client.get(f"/vitrine/{path}", headers=login | {"Accept": accept})
    assert answer.status_code == 500
    assert "VITRINE_DATASETT=" in answer.text
    assert "is not a setting. Use VITRINE_DATASET." in answer.text
