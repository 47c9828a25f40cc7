"""No web page talks to the emulator: neither from another origin, nor by another name for this machine."""

import contextlib
import json
import uuid

import pytest
import requests
from emulator_process import EmulatorProcess

EVIL = "http://evil.example"
# What Chromium adds to the requests of a page of another site, and of another port of this machine.
CROSS_SITE = {
    "Origin": EVIL,
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Dest": "empty",
}
SAME_SITE = CROSS_SITE | {"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-site"}
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1"}
CORS = {"access-control-allow-origin", "access-control-allow-methods", "access-control-allow-headers"}


@pytest.fixture(scope="module")
def bucket(emulator):
    """The name of a bucket with one object, x."""
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    emulator.upload(name, {"x": b"content"}, "image/png")
    return name


@pytest.fixture
def addresses(emulator, bucket):
    """What a page would ask of both services: method, address, body."""
    upload = f"{emulator.storage_url}/upload/storage/v1/b/{bucket}/o"
    jobs = f"{emulator.url}/bigquery/v2/projects/demo-project"
    return [
        ("POST", f"{upload}?uploadType=media&name=..%2F..%2F..%2F..%2Fdags%2Fevil.py", b"import os"),
        ("POST", f"{upload}?uploadType=resumable&name=evil", b"{}"),
        ("DELETE", f"{emulator.storage_url}/storage/v1/b/{bucket}/o/x", None),
        ("PATCH", f"{emulator.storage_url}/storage/v1/b/{bucket}/o/x", b'{"metadata": {"evil": "1"}}'),
        ("GET", f"{emulator.storage_url}/storage/v1/b/{bucket}/o", None),
        ("GET", f"{emulator.storage_url}/{bucket}/x", None),
        ("GET", f"{emulator.storage_url}/storage/v1/b/{bucket}/o/x?alt=media", None),
        ("POST", f"{jobs}/queries", b'{"query": "CREATE SCHEMA evil", "useLegacySql": false}'),
        ("GET", f"{jobs}/datasets", None),
        ("GET", f"{emulator.url}/emulator/ledger", None),
        ("PUT", f"{emulator.url}/emulator/faults", b'{"outage": true}'),
    ]


def assert_untouched(emulator, bucket):
    assert [(blob.name, blob.metageneration) for blob in emulator.storage().list_blobs(bucket)] == [("x", 1)]
    assert "evil" not in [item.dataset_id for item in emulator.bigquery().list_datasets()]
    assert emulator.faults()["outage"] is False


def assert_refused(response, is_preflight: bool = False):
    assert response.status_code == 403, response.text
    assert not CORS & {name.lower() for name in response.headers}
    if not is_preflight:
        error = response.json()["error"]
        assert (error["code"], error["errors"][0]["reason"]) == (403, "forbidden")
        assert error["message"] == error["errors"][0]["message"]


@pytest.mark.parametrize(
    "headers",
    [
        CROSS_SITE,
        SAME_SITE,
        CROSS_SITE | {"Origin": "null"},
        {"Origin": EVIL},
        {"Origin": "https://127.0.0.1.evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Host": "evil.example"},
        {"Host": "evil.example:4443"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "127.0.0.1@evil.example"},
        {"Host": "emulator"},
        {"Host": "rebound.example", "Origin": "http://rebound.example", "Sec-Fetch-Site": "same-origin"},
    ],
    ids=str,
)
def test_a_page_is_refused_whatever_it_asks_for(emulator, bucket, addresses, headers):
    for method, url, body in addresses:
        sent = {"Content-Type": "text/plain"} | headers  # a type for which no browser asks first
        assert_refused(requests.request(method, url, data=body, headers=sent, timeout=9))
    assert_untouched(emulator, bucket)


def test_a_browser_that_asks_first_gets_no_for_an_answer(emulator, bucket, addresses):
    """What Chromium sends before a PUT, or a header of a page's own, and before a private network."""
    asks = {
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "x-a",
        "Access-Control-Request-Private-Network": "true",
    }
    for _, url, _ in addresses:
        assert_refused(requests.options(url, headers=CROSS_SITE | asks, timeout=9), is_preflight=True)
    assert_untouched(emulator, bucket)


def test_no_answer_to_anybody_has_cors_headers(emulator, bucket, addresses):
    own = {"Origin": emulator.storage_url}
    for url in (url for method, url, _ in addresses if method == "GET"):
        response = requests.get(url, headers=own if url.startswith(emulator.storage_url) else {}, timeout=9)
        assert response.status_code == 200
        assert not CORS & {name.lower() for name in response.headers}


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_a_person_may_follow_a_link_to_an_object(emulator, bucket, site):
    """From a page of Airflow's, on another port of this machine, or from anywhere else."""
    headers = {"Sec-Fetch-Site": site, **NAVIGATION, "Referer": "http://127.0.0.1:8080/"}
    response = requests.get(f"{emulator.storage_url}/{bucket}/x", headers=headers, timeout=9)
    assert (response.status_code, response.content) == (200, b"content")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_link_or_form_writes_nothing(emulator, bucket, addresses, site):
    headers = {"Sec-Fetch-Site": site, **NAVIGATION}
    for method, url, body in addresses:
        if method != "GET" or url.startswith(emulator.url):
            assert_refused(requests.request(method, url, data=body, headers=headers, timeout=9))
    assert_untouched(emulator, bucket)


def test_an_object_that_is_a_page_is_nobody(emulator, bucket):
    """Its scripts run in a sandbox, so what they ask for has the origin null."""
    emulator.upload("pages", {"x.html": b"<script>"}, "text/html")
    response = requests.get(f"{emulator.storage_url}/pages/x.html", timeout=9)
    assert response.headers["Content-Security-Policy"].startswith("sandbox ")
    assert "allow-same-origin" not in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"])
def test_loopback_by_every_name_and_port(emulator, bucket, host):
    for url in (f"{emulator.storage_url}/storage/v1/b", f"{emulator.url}/emulator/health"):
        for name in (host, f"{host}:1234"):
            assert requests.get(url, headers={"Host": name}, timeout=9).status_code == 200
            origin = {"Host": name, "Origin": f"http://{name}", "Sec-Fetch-Site": "same-origin"}
            assert requests.get(url, headers=origin, timeout=9).status_code == 200


def test_names_that_are_configured(tmp_path):
    with EmulatorProcess(tmp_path, EMULATOR_ALLOWED_HOSTS="emulator, other.internal") as process:
        for url in (f"{process.storage_url}/storage/v1/b", f"{process.url}/emulator/health"):
            for host in ("emulator", "emulator:9050", "other.internal", "127.0.0.1"):
                assert requests.get(url, headers={"Host": host}, timeout=9).status_code == 200
            assert_refused(requests.get(url, headers={"Host": "third.internal"}, timeout=9))
            trusted = {"Origin": "http://other.internal:3000", "Sec-Fetch-Site": "cross-site"}
            assert requests.get(url, headers=trusted, timeout=9).status_code == 200


def test_the_name_it_listens_on_is_one_of_its_own(elsewhere):
    for url in (elsewhere.url, elsewhere.storage_url):
        url = url.replace("127.0.0.1", "127.0.0.2")
        path = "/storage/v1/b" if url.endswith(str(elsewhere.storage_port)) else "/emulator/health"
        assert requests.get(url + path, timeout=9).status_code == 200
        assert_refused(requests.get(url + path, headers={"Host": "127.0.0.3"}, timeout=9))


def test_official_clients_notice_nothing(emulator, bucket):
    blob = emulator.storage().bucket(bucket).blob("client")
    with contextlib.closing(emulator.bigquery()) as client:
        assert [tuple(row) for row in client.query_and_wait("SELECT 1")] == [(1,)]
    blob.upload_from_string(json.dumps({"a": 1}))
    assert json.loads(blob.download_as_bytes()) == {"a": 1}
    blob.delete()
