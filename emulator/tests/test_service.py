"""The emulated service: faults, quota and ledger (common contract of /emulator/…)."""

import time

import pictures
import pytest
import requests
from documented import MULTIMODAL, documented
from emulator_process import wait_until

EXHAUSTED = "A retryable error occurred: RESOURCE_EXHAUSTED error from remote service/endpoint."
IMAGES = 60


def test_defaults_and_merging(process):
    defaults = process.defaults
    assert {
        key: defaults[key] for key in ("requests_per_minute", "retryable_share", "terminal_uris", "seed")
    } == {
        "requests_per_minute": None,
        "retryable_share": 0.0,
        "terminal_uris": [],
        "seed": 0,
    }
    assert process.faults(**defaults) == defaults
    assert process.faults(seed=3, retryable_share=0.5) == defaults | {"seed": 3, "retryable_share": 0.5}
    assert process.faults(seed=4)["retryable_share"] == 0.5


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"colour": 1}, "colour"),
        ({"retryable_share": 2}, "retryable_share"),
        ({"requests_per_minute": -1}, "requests_per_minute"),
        ({"terminal_uris": "gs://x"}, "terminal_uris"),
        ({"hash_model": 1}, "hash_model"),
        ({"model_latency_seconds": "1"}, "model_latency_seconds"),
        ([], "JSON object"),
    ],
)
def test_a_bad_fault_is_named_and_changes_nothing(emulator, changes, named):
    url = f"{emulator.url}/emulator/faults"
    before = requests.get(url, timeout=5).json()
    answer = requests.put(url, json=changes, timeout=5)
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]
    assert requests.get(url, timeout=5).json() == before


def test_a_share_of_the_images_fails_for_the_first_attempts(service):
    service.faults(retryable_share=0.3, retryable_attempts=2, seed=7)
    first = pictures.statuses(service)
    assert 5 < first[EXHAUSTED] < 35
    failed = {call["uri"] for call in service.calls() if call["outcome"] == "retryable"}
    assert pictures.statuses(service) == first
    assert {call["uri"] for call in service.calls() if call["outcome"] == "retryable"} == failed
    assert pictures.statuses(service) == {"": IMAGES}


def test_the_seed_chooses_the_images(service):
    def failed(seed: int) -> set[str]:
        service.faults(retryable_share=0.3, seed=seed)
        before = len(service.calls())
        pictures.statuses(service)
        return {call["uri"] for call in service.calls()[before:] if call["outcome"] == "retryable"}

    one, two = failed(1), failed(2)
    assert one != two
    assert failed(1) == one


def test_terminal_uris_fail_every_time(service):
    service.faults(terminal_uris=["gs://faulty/00.png", "gs://faulty/01.png"])
    for _ in range(2):
        found = pictures.statuses(service)
        assert found.pop("") == IMAGES - 2
        [(status, count)] = found.items()
        assert count == 2
        assert status.startswith("INVALID_ARGUMENT:")


@documented(
    "Model calls",
    "Jobs share the requests a minute; rows beyond them say RESOURCE_EXHAUSTED",
    MULTIMODAL,
)
def test_the_quota_is_shared_by_jobs_and_exhausted_rows_say_so(service):
    service.faults(requests_per_minute=80)
    assert pictures.statuses(service) == {"": IMAGES}
    assert pictures.statuses(service) == {"": 20, EXHAUSTED: 40}


def test_latency_is_per_call(service):
    service.faults(model_latency_seconds=0.1)
    started = time.monotonic()
    pictures.statuses(service)
    assert time.monotonic() - started > IMAGES * 0.1 / 8  # eight calls at a time


def test_hash_vectors_depend_on_the_bytes_alone(service):
    service.upload("faulty", {"copy.png": pictures.unlike(1)})
    query = """SELECT COUNT(*) AS n, COUNT(DISTINCT TO_JSON_STRING(embedding)) AS different
    FROM AI.GENERATE_EMBEDDING(MODEL ds.model, TABLE ds.images, STRUCT(128 AS output_dimensionality))"""
    [row] = service.bigquery().query_and_wait(query)
    service.storage().bucket("faulty").blob("copy.png").delete()
    assert (row.n, row.different) == (IMAGES + 1, IMAGES)
    assert {call["served_by"] for call in service.calls()} == {"hash"}


def test_the_ledger_is_paged(service):
    pictures.statuses(service)
    ids = [call["id"] for call in service.calls()]
    url = f"{service.url}/emulator/ledger"
    page = requests.get(f"{url}?after={ids[9]}&limit=5", timeout=5).json()
    assert [call["id"] for call in page["calls"]] == ids[10:15]
    assert page["next"] == ids[14]
    last = requests.get(f"{url}?after={ids[-2]}", timeout=5).json()
    assert (len(last["calls"]), last["next"]) == (1, None)
    assert requests.get(f"{url}?limit=0", timeout=5).status_code == 400


def test_the_ledger_is_summed_up(service):
    def summary() -> dict:
        return requests.get(f"{service.url}/emulator/ledger/summary", timeout=5).json()

    before = summary()
    service.faults(terminal_uris=["gs://faulty/00.png"])
    service.upload("faulty", {"new.png": pictures.unlike(1000)})
    pictures.statuses(service)
    pictures.statuses(service)
    service.storage().bucket("faulty").blob("new.png").delete()
    after = summary()
    counts = {key: after[key] - before[key] for key in ("calls", "ok", "retryable", "terminal")}
    assert counts == {"calls": 2 * IMAGES + 2, "ok": 2 * IMAGES, "retryable": 0, "terminal": 2}
    assert after["images_ok"] - before["images_ok"] >= 1
    assert after["most_ok_per_image"] >= 2


def test_an_image_deleted_after_the_listing_fails_on_its_row(service):
    service.faults(model_latency_seconds=0.3)
    job = service.bigquery().query(pictures.COUNT)
    wait_until(service.calls)
    service.storage().bucket("faulty").blob("59.png").delete()
    found = {row.status: row.n for row in job.result()}
    assert found == {"": IMAGES - 1, "NOT_FOUND: gs://faulty/59.png cannot be read (HTTP 404).": 1}
    service.upload("faulty", {"59.png": pictures.unlike(59)})


def test_health(emulator):
    assert requests.get(f"{emulator.url}/emulator/health", timeout=5).json() == {"status": "ok"}
