"""A run that failed or is incomplete tells whoever the settings name."""

from tests.faults.images import photo
from tests.faults.letters import subscribe


def test_an_incomplete_run_tells_why_and_a_complete_one_nothing(fresh_world, monkeypatch, tmp_path):
    message = "{{ dag.dag_id }} {{ run_id }}: {{ exception }}"
    letter = subscribe(monkeypatch, tmp_path / "letter.txt", message)
    monkeypatch.setenv("VITRINE_MAX_PASSES", "1")
    fresh_world.upload({"1.jpg": photo(1)})
    fresh_world.prepare()

    fresh_world.emulator.faults(retryable_share=1.0, retryable_attempts=99)
    run = fresh_world.run("embed_images")
    assert run.state == "failed"
    assert letter.read_text().startswith(f"embed_images__met {run.run_id}: 1 of 1 planned images are neither")

    letter.unlink()
    fresh_world.emulator.faults(retryable_share=0.0)
    assert fresh_world.run("embed_images").state == "success"
    assert not letter.exists()
