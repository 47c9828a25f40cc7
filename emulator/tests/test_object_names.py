"""Every name that Cloud Storage takes comes back as it was, whatever it looks like as a path."""

import http.client
import io
import json
import time
from urllib.parse import quote

import pytest
import requests

PART = 256 * 1024  # bytes; parts of a resumable upload are multiples of it
NAMES = [
    "a//b.jpg",
    "./x.jpg",
    "a/../b.jpg",
    "folder/",
    "both",
    "both/x.txt",
    "n/trailing/",
    "../../outside.txt",
    "../../../../dags/evil.py",
    "/etc/cron.d/evil",
    "//leading",
    "...",
    "ünï/çode ☃.jpg",
    "x" * 1024,
    "ü" * 512,
    "part/" + "p" * 300 + "/x",
    "a\\..\\b",
    "%2e%2e%2fencoded",
    "tab\tand \x01 and \x7f",
    "nul\0byte",
    "#fragment?query&and=more;x",
    "com1",
    "aux.txt",
    "trailing.",
    " spaces ",
    "objects.sqlite",
    "both.bucketMetadata",
    "e\u0301 and \u00e9",  # two names that look alike
    "\u00e9 and e\u0301",
    "o/x/compose",
    "rewriteTo/b/other/o/x",
]
REFUSED = [
    "",
    ".",
    "..",
    "line\nfeed",
    "carriage\rreturn",
    "x" * 1025,
    "ü" * 513,
    ".well-known/acme-challenge/x",
]


@pytest.fixture(scope="module")
def bucket(emulator):
    """A bucket whose objects have these names; the content of each is its name."""
    bucket = emulator.storage().create_bucket("names")
    for name in NAMES:
        response = requests.post(
            f"{emulator.storage_url}/upload/storage/v1/b/names/o?uploadType=media",
            params={"name": name},
            data=name.encode(),
            headers={"Content-Type": "text/plain"},
            timeout=9,
        )
        assert response.json()["name"] == name
    return bucket


def media(bucket, name, data):
    url = f"{bucket.client.api_endpoint}/upload/storage/v1/b/{bucket.name}/o?uploadType=media"
    requests.post(f"{url}&name={quote(name, safe='')}", data=data, timeout=9).raise_for_status()


def multipart(bucket, name, data):
    bucket.blob(name).upload_from_string(data)


def multipart_of_gcsfs(bucket, name, data):
    """gcsfs ends lines with LF only, and gives the name in the metadata."""
    head = f"--=\nContent-Type: application/json\n\n{json.dumps({'name': name})}\n--=\nContent-Type: x/y\n\n"
    url = f"{bucket.client.api_endpoint}/upload/storage/v1/b/{bucket.name}/o?uploadType=multipart"
    headers = {"Content-Type": 'multipart/related; boundary="="'}
    requests.post(url, head.encode() + data + b"\n--=--", headers=headers, timeout=9).raise_for_status()


def resumable(bucket, name, data):
    bucket.blob(name, chunk_size=PART).upload_from_file(io.BytesIO(data))


@pytest.mark.parametrize("upload", [media, multipart, multipart_of_gcsfs, resumable])
def test_uploads_of_every_kind(emulator, upload):
    bucket = emulator.storage().create_bucket(f"names-{upload.__name__.replace('_', '-')}")
    for name in NAMES:
        upload(bucket, name, name.encode())
    found = {blob.name: blob.download_as_bytes() for blob in bucket.list_blobs()}
    assert found == {name: name.encode() for name in NAMES}


def test_listings(bucket):
    assert [blob.name for blob in bucket.list_blobs(page_size=3)] == sorted(NAMES, key=str.encode)
    for name in NAMES:
        assert name in [blob.name for blob in bucket.list_blobs(prefix=name)]


def test_folders(bucket):
    listed = bucket.list_blobs(delimiter="/")
    assert [blob.name for blob in listed] == sorted((n for n in NAMES if "/" not in n), key=str.encode)
    assert listed.prefixes == {name[: name.find("/") + 1] for name in NAMES if "/" in name}
    both = bucket.list_blobs(prefix="both/", delimiter="/")
    assert [blob.name for blob in both] == ["both/x.txt"]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:30])
def test_reads(emulator, bucket, name):
    """By the JSON API, and by the address that a browser opens."""
    assert bucket.get_blob(name).name == name
    assert bucket.blob(name).download_as_bytes() == name.encode()
    for path in (
        f"storage/v1/b/names/o/{quote(name, safe='')}?alt=media",
        f"download/storage/v1/b/names/o/{quote(name, safe='')}?alt=media",
        f"names/{quote(name, safe='')}",
    ):
        response = requests.get(f"{emulator.storage_url}/{path}", timeout=9)
        assert (response.status_code, response.content) == (200, name.encode())


def test_a_path_that_no_client_has_tidied_is_the_name(emulator, bucket):
    """`requests` takes dots out of paths; http.client does not."""
    connection = http.client.HTTPConnection("127.0.0.1", emulator.storage_port, timeout=9)
    connection.request("GET", "/names/a/../b.jpg")
    assert connection.getresponse().read() == b"a/../b.jpg"
    connection.close()


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:30])
def test_copies_and_deletions(emulator, bucket, name):
    target = emulator.storage().bucket("names-copied")
    if not target.exists():
        target.create()
    copied = bucket.copy_blob(bucket.blob(name), target)
    assert (copied.name, copied.download_as_bytes()) == (name, name.encode())
    rewritten = target.blob(f"{name}-2"[-1024:]) if len(name.encode()) < 1022 else target.blob("long")
    assert rewritten.rewrite(bucket.blob(name)) == (None, len(name.encode()), len(name.encode()))
    assert rewritten.download_as_bytes() == name.encode()
    copied.delete()
    rewritten.delete()
    assert list(target.list_blobs()) == []
    assert bucket.blob(name).exists()


@pytest.mark.parametrize("name", REFUSED, ids=lambda name: repr(name[:20]))
def test_what_google_refuses_is_refused(emulator, bucket, name):
    url = f"{emulator.storage_url}/upload/storage/v1/b/names/o?uploadType=media&name={quote(name, safe='')}"
    response = requests.post(url, data=b"x", timeout=9)
    assert response.status_code == 400
    assert response.json()["error"]["message"]


@pytest.mark.parametrize("name", ["..", "../x", "a/b", "UPPER", "ab", "a..b", "%2e%2e"])
def test_no_name_of_a_bucket_is_a_path(emulator, name):
    response = requests.post(f"{emulator.storage_url}/storage/v1/b", json={"name": name}, timeout=9)
    assert response.status_code == 400
    assert response.json()["error"]["message"] == f"Invalid bucket name: {name!r}"


def test_nothing_is_outside_of_the_storage(own_emulator):
    """Also not where the names lead: the data folder is two levels below a folder of the test's own."""
    before = {
        path
        for path in own_emulator.data.parent.rglob("*")
        if own_emulator.data / "objects" not in path.parents
    }
    own_emulator.upload("names", dict.fromkeys(NAMES, b"content"))
    after = {
        path
        for path in own_emulator.data.parent.rglob("*")
        if own_emulator.data / "objects" not in path.parents
    }
    assert {path for path in after - before if "bigquery" not in path.parts} == set()
    files = [path for path in (own_emulator.data / "objects" / "contents").rglob("*") if path.is_file()]
    assert len(files) == len(NAMES)
    assert all(path.name.isdigit() for path in files)


def test_object_tables_have_every_name(emulator, bigquery, dataset, bucket):
    bigquery.query_and_wait(
        f"CREATE EXTERNAL TABLE {dataset}.t WITH CONNECTION DEFAULT "
        "OPTIONS (object_metadata = 'SIMPLE', uris = ['gs://names/*'])"
    )
    found = {row.uri for row in bigquery.query_and_wait(f"SELECT uri FROM {dataset}.t")}
    assert found == {f"gs://names/{name}" for name in NAMES}


def test_they_survive_a_kill(own_emulator):
    own_emulator.upload("names", {name: name.encode() for name in NAMES})
    before = {blob.name: blob.generation for blob in own_emulator.storage().list_blobs("names")}
    own_emulator.restart(9)
    found = list(own_emulator.storage().list_blobs("names"))
    assert {blob.name: blob.generation for blob in found} == before
    assert {blob.name: blob.download_as_bytes() for blob in found} == {n: n.encode() for n in NAMES}
    again = own_emulator.storage().bucket("names").blob("both")
    again.upload_from_string("more")
    assert again.generation > max(before.values())
    assert time.time() * 1e6 - again.generation < 60e6  # microseconds
