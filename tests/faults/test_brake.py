"""Answers that are terminal for most images: the model is broken, or the images are; only one fills quarantine."""

from collections import Counter

import pytest

from tests.faults.images import photo
from tests.faults.letters import subscribe

IMAGES = 20


@pytest.fixture
def letter(monkeypatch, tmp_path):
    """What a run that fails tells people."""
    return subscribe(monkeypatch, tmp_path / "letter.txt")


def photos(first: int, count: int) -> dict[str, bytes]:
    """Photos by name, none of which is like another."""
    return {f"{number:03}.jpg": photo(number) for number in range(first, first + count)}


def test_a_broken_model_fails_the_night_sets_nothing_aside_and_the_next_night_takes_all(hashed, letter):
    hashed.put(photos(0, IMAGES))
    hashed.world.prepare()
    hashed.world.emulator.faults(terminal_uris=[hashed.uri(name) for name in photos(0, IMAGES)])
    before = hashed.world.emulator.last_call()

    run = hashed.world.run("embed_images")

    assert run.state == "failed"
    [answer] = hashed.world.rows(
        "SELECT DISTINCT ml_generate_embedding_status AS status FROM embedding_attempts"
    )
    assert letter.read_text().startswith(f"{answer['status']}: 20 of 20 answers of this pass were terminal")
    assert hashed.quarantined() == []
    assert len(hashed.calls(before)) == IMAGES, "there was nothing that could be asked again"
    figures = hashed.report(run, "planned", "published", "quarantined", "pending", "complete", "outcome")
    assert figures == {
        "planned": IMAGES,
        "published": 0,
        "quarantined": 0,
        "pending": IMAGES,
        "complete": False,
        "outcome": "incomplete",
    }

    hashed.world.emulator.faults(terminal_uris=[])
    assert hashed.world.run("embed_images").state == "success"
    hashed.check_vectors()
    assert set(hashed.paid(before).values()) == {1}


def test_a_model_that_breaks_later_is_told_by_an_image_that_it_has_embedded_before(hashed, letter):
    hashed.put(photos(0, 5))
    hashed.world.prepare()
    assert hashed.world.run("embed_images").state == "success"
    hashed.put(photos(5, 5))
    before = hashed.world.emulator.last_call()
    hashed.world.emulator.faults(terminal_uris=[hashed.uri(name) for name in photos(0, 10)])

    assert hashed.world.run("embed_images").state == "failed"

    assert len(hashed.calls(before)) == 5 + 1
    assert ": 5 of 5 answers of this pass were terminal, and an image that was embedded" in letter.read_text()
    assert hashed.quarantined() == []
    assert hashed.published() == [hashed.uri(name) for name in photos(0, 5)]


def test_many_broken_images_are_set_aside_once_the_model_has_proved_that_it_works(hashed, capsys):
    hashed.put(photos(0, 5))
    hashed.world.prepare()
    assert hashed.world.run("embed_images").state == "success"

    few = [hashed.uri(name) for name in photos(5, 2)]
    hashed.put(photos(5, 10))
    hashed.world.emulator.faults(terminal_uris=few)
    before = hashed.world.emulator.last_call()
    assert hashed.world.run("embed_images").state == "success"
    assert len(hashed.calls(before)) == 10, "a fifth is no reason to ask"
    assert hashed.quarantined() == few

    many = [hashed.uri(name) for name in photos(15, 3)]
    hashed.put(photos(15, 10))
    hashed.world.emulator.faults(terminal_uris=many)
    before = hashed.world.emulator.last_call()
    capsys.readouterr()
    run = hashed.world.run("embed_images")
    assert run.state == "success"
    assert hashed.quarantined() == few + many
    calls = Counter(call["uri"] for call in hashed.calls(before))
    assert calls.total() == 10 + 1
    [(known, times)] = calls.most_common(1)
    assert times == 2
    assert known in hashed.published()
    assert hashed.report(run, "planned", "published", "quarantined") == {
        "planned": 10,
        "published": 7,
        "quarantined": 3,
    }
    said = [line for line in capsys.readouterr().out.splitlines() if "ReportRunOperator" in line]
    assert "3 of 10 answers of a pass were terminal" in said[0], "what needs a person comes first"
