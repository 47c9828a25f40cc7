"""The scenarios in which published pipelines lose images or pay twice, as whole runs: here every one arrives.

A survey simulated the rules of two Google templates and three published DAGs. Of 2,000 overwritten images
they embed 504 or none; of 5,000 new ones 1,471 when there is an outage, 4,504 when a tenth fails at first;
and where one percent can never be embedded they store rows without a vector, and no list of them.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from tests.faults.images import tiny_png
from tests.support.emulator import Emulator
from tests.support.fixtures import new_world
from tests.support.world import World

NEW = 5_000
OVERWRITTEN = 2_000
BATCH = 500
IMAGE_TYPE = "image/png"
contents = count()


@pytest.fixture(scope="module")
def shared_world(emulator: Emulator, airflow_db: None, tmp_path_factory):
    """One bucket and dataset for all scenarios: each brings images of its own, the others' are old rows."""
    settings = {
        "VITRINE_DIMENSION": "128",
        "VITRINE_CONTENT_TYPES": IMAGE_TYPE,
        "VITRINE_DUPLICATE_DISTANCE": "0",  # all with all would take the embedded BigQuery minutes
    }
    with new_world(emulator, tmp_path_factory.mktemp("scenarios"), settings) as world:
        world.upload({"first.png": tiny_png(next(contents))}, IMAGE_TYPE)
        world.prepare()
        yield world


@pytest.fixture
def world(shared_world: World):
    """The shared world with an instant model and no other faults."""
    before = shared_world.emulator.faults()
    shared_world.emulator.faults(hash_model=True)
    yield shared_world
    shared_world.emulator.faults(**before)


def upload(world: World, folder: str, images: int) -> list[str]:
    """Put images into a folder, none with a content there has been before; answer their uris in order."""
    objects = {f"{folder}/{number:04}.png": tiny_png(next(contents)) for number in range(images)}
    world.upload(objects, IMAGE_TYPE)
    return [f"gs://{world.bucket}/{name}" for name in objects]


def published(world: World, folder: str) -> list[str]:
    """The uris of a folder that are searchable with the content they have in the bucket now, in order."""
    rows = world.rows(
        "SELECT uri FROM met_image_embeddings AS e JOIN met_images AS o USING (uri) "
        "WHERE e.content_hash = o.md5_hash AND e.ml_generate_embedding_status = '' "
        "AND ARRAY_LENGTH(e.ml_generate_embedding_result) = 128 "
        f"AND uri LIKE 'gs://{world.bucket}/{folder}/%' ORDER BY uri"
    )
    return [row["uri"] for row in rows]


def outcomes(world: World, after: int, uris: list[str]) -> Counter:
    """How often each outcome occurred since call `after`; no content of these images succeeded twice."""
    wanted = set(uris)
    calls = [call for call in world.emulator.ledger(after) if call["uri"] in wanted]
    paid = Counter((call["uri"], call["content_sha256"]) for call in calls if call["outcome"] == "ok")
    assert set(paid.values()) <= {1}, "an image was paid for twice"
    return Counter(call["outcome"] for call in calls)


def test_of_2000_overwritten_images_all_are_embedded_again(world):
    uris = upload(world, "overwritten", OVERWRITTEN)
    assert world.run("embed_images").state == "success"
    before = world.emulator.last_call()
    assert upload(world, "overwritten", OVERWRITTEN) == uris
    world.list_bucket()
    assert published(world, "overwritten") == []

    assert world.run("embed_images", batch_size=BATCH).state == "success"

    assert published(world, "overwritten") == uris
    assert outcomes(world, before, uris) == {"ok": OVERWRITTEN}


def test_an_outage_in_the_fourth_batch_costs_no_image_of_5000(world):
    uris = upload(world, "outage", NEW)
    before = world.emulator.last_call()

    def outage():
        world.emulator.wait_for_call(before + 3 * BATCH + 50)
        world.emulator.faults(outage=True)
        world.emulator.wait_for_call(before + NEW)
        world.emulator.faults(outage=False)

    with ThreadPoolExecutor(1) as pool:
        weather = pool.submit(outage)
        run = world.run("embed_images", batch_size=BATCH)
        weather.result()

    assert run.state == "success"
    assert published(world, "outage") == uris
    counted = outcomes(world, before, uris)
    assert counted["ok"] == NEW
    assert 5 * BATCH < counted["retryable"] < 7 * BATCH, "the outage began in the fourth batch"


def test_one_run_publishes_all_of_5000_of_which_a_tenth_fails_at_first(world):
    uris = upload(world, "retryable", NEW)
    before = world.emulator.last_call()
    world.emulator.faults(retryable_share=0.1, retryable_texts="all")

    assert world.run("embed_images").state == "success"

    assert published(world, "retryable") == uris
    counted = outcomes(world, before, uris)
    assert counted["ok"] == NEW
    assert NEW * 0.07 < counted["retryable"] < NEW * 0.13


def test_the_one_percent_of_5000_that_can_never_be_embedded_is_listed_and_not_published(world):
    uris = upload(world, "terminal", NEW)
    broken = uris[::100]
    before = world.emulator.last_call()
    world.emulator.faults(terminal_uris=broken)

    assert world.run("embed_images").state == "success"

    assert published(world, "terminal") == sorted({*uris} - {*broken})
    quarantine = world.rows("SELECT uri, ml_generate_embedding_status AS status FROM embedding_quarantine")
    assert sorted(row["uri"] for row in quarantine) == broken
    assert all(row["status"] for row in quarantine)
    assert outcomes(world, before, uris) == {"ok": NEW - len(broken), "terminal": len(broken)}
