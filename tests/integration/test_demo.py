"""`make demo IMAGES=folder`, from the folder to the pictures found."""

import shutil
from pathlib import Path

import pytest
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState

from demo import run
from vitrine.collection import FILE_VARIABLE

PHOTOS = Path(__file__).parents[2] / "demo/images/photos"


def leave_a_dead_run(dag_id):
    """Leave Airflow as an interrupted demo does: a run that has the turn, and that nobody goes on with."""
    with create_session() as session:
        [*_, run] = DagRun.find(dag_id=dag_id, session=session)
        run.state = DagRunState.RUNNING


# Airflow takes the exception of the other method for a task's, and waits on.
@pytest.mark.timeout(600, method="thread")
def test_a_folder_is_searched_and_nothing_is_embedded_twice(emulator, tmp_path, monkeypatch, capfd):
    folder, state = tmp_path / "Our Pets", tmp_path / "state"
    folder.mkdir()
    for number, photo in enumerate(("cat", "dog", "duck")):
        shutil.copy(PHOTOS / f"{photo}.jpg", folder / f"IMG {number}.JPG")
    (folder / "half.jpg").write_bytes((PHOTOS / "cow.jpg").read_bytes()[:3000])
    (folder / "notes.txt").write_text("no picture")
    monkeypatch.setenv(FILE_VARIABLE, "")
    monkeypatch.setattr(run, "STATE", state)
    monkeypatch.setattr(run, "LOGS", state / "logs")

    assert run.main("a dog", str(folder)) == 0, (state / "logs/demo.log").read_text()
    said = capfd.readouterr().out
    assert "4 images in gs://demo-our_pets (4 uploaded now, 0 deleted); files that are no images: 1" in said
    assert "In quarantine, because the model cannot read them: 1 images" in said
    assert said.partition("distance  uri\n")[2].split()[2:5] == ["gs://demo-our_pets/IMG", "1.JPG", "2"]

    leave_a_dead_run("embed_images__our_pets")
    before = emulator.last_call()
    (folder / "IMG 1.JPG").unlink()
    assert run.main('"what" costs $5?', str(folder)) == 0, (state / "logs/demo.log").read_text()
    said = capfd.readouterr().out
    assert "3 images in gs://demo-our_pets (0 uploaded now, 1 deleted)" in said
    assert '\n"what" costs $5?\n' in said
    assert "IMG 1.JPG" not in said
    assert {call["kind"] for call in emulator.ledger(before)} == {"text"}
