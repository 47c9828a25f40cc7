"""Images that no retry cures: set aside, replayed by a person, isolated when they kill their job."""

import pytest

from tests.faults.images import photo

IMAGES = 10


@pytest.fixture
def world(fresh_world):
    """A world with ten photos, set up for search: two broken ones are no reason to ask what is broken."""
    fresh_world.upload({f"{number}.jpg": photo(number) for number in range(IMAGES)})
    fresh_world.prepare()
    return fresh_world


def uri(world, number: int) -> str:
    """Where a photo is."""
    return f"gs://{world.bucket}/{number}.jpg"


def quarantined(world) -> dict[str, tuple[str, int]]:
    """Status and number of tries of each image in quarantine."""
    rows = world.rows("SELECT * FROM embedding_quarantine WHERE replayed_at IS NULL")
    return {row["uri"]: (row["ml_generate_embedding_status"], row["attempts"]) for row in rows}


def published(world) -> int:
    """How many images are searchable."""
    [row] = world.rows("SELECT COUNT(*) AS images, COUNT(DISTINCT uri) AS uris FROM met_image_embeddings")
    assert row["images"] == row["uris"]
    return row["images"]


def called(world, after: int) -> list[str]:
    """Images that the model was called for since."""
    return sorted(call["uri"] for call in world.emulator.ledger(after))


def test_quarantine_is_replayed_when_a_person_asks_and_only_what_they_ask_for(world):
    broken = [uri(world, 0), uri(world, 1)]
    world.emulator.faults(terminal_uris=broken)
    assert world.run("embed_images").state == "success"
    assert quarantined(world).keys() == set(broken)

    last = world.emulator.last_call()
    assert world.run("embed_images").state == "success"
    assert world.run("embed_images", replay_quarantine=True, replay_status="another text").state == "success"
    assert called(world, last) == [], "nobody has asked for these"

    world.emulator.faults(terminal_uris=broken[:1])
    assert world.run("embed_images", replay_quarantine=True, replay_status="INVALID").state == "success"
    # One of two is too many to be set aside unless the model still embeds what it has embedded before.
    [known] = set(called(world, last)) - set(broken)
    assert called(world, last) == sorted([*broken, known])
    assert [(image, tries) for image, (_, tries) in quarantined(world).items()] == [(broken[0], 2)]
    assert published(world) == IMAGES - 1

    world.emulator.faults(terminal_uris=[])
    assert world.run("embed_images", replay_quarantine=True, uri_prefix=broken[0]).state == "success"
    assert quarantined(world) == {}
    assert published(world) == IMAGES


def test_an_image_that_kills_its_job_is_isolated_and_set_aside(world):
    poison = uri(world, 2)
    world.emulator.faults(poison_uris=[poison])

    run = world.run("embed_images")

    assert run.state == "success"
    assert published(world) == IMAGES - 1
    [(image, (status, tries))] = quarantined(world).items()
    assert (image, tries) == (poison, 3)
    assert status.startswith("the job of 1 image failed: ")
    jobs = (
        "SELECT pass_number, COUNT(DISTINCT batch_number) AS n FROM embedding_batches GROUP BY 1 ORDER BY 1"
    )
    assert [row["n"] for row in world.rows(jobs)] == [1, IMAGES, 1]
    last = world.emulator.last_call()
    assert world.run("embed_images").state == "success"
    assert called(world, last) == []


def test_jobs_that_all_fail_are_no_poison(world):
    world.emulator.faults(dying_jobs="vitrine_embed-" + world.dataset)
    run = world.run("embed_images")
    assert run.state == "failed"
    assert quarantined(world) == {}
    passes = world.rows("SELECT DISTINCT pass_number FROM embedding_batches")
    assert len(passes) == 2, "the second pass has isolated nothing"
    [report] = world.rows("SELECT pending FROM embedding_runs")
    assert report == {"pending": IMAGES}

    world.emulator.faults(dying_jobs=None)
    assert world.run("embed_images").state == "success"
    assert published(world) == IMAGES
