"""The pure parts of `make demo`: which files are pictures, what a folder's collection is called, what make
hands over."""

import json
import os
import subprocess
import uuid
from pathlib import Path

import pytest
from PIL import Image
from pydantic import TypeAdapter

from demo import run, up
from demo.folders import FolderError, add, choose_name, name_of, write
from demo.upload import Folder, Picture, is_object_name, upload, upload_demo_images
from demo.upload import main as upload_main
from vitrine.collection import COLLECTIONS_FILE, FILE_VARIABLE, Name, load
from vitrine.errors import SettingsError

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def same_collections(monkeypatch):
    """What a test sets ends with it."""
    monkeypatch.setenv(FILE_VARIABLE, "")


def save(path, kind="JPEG", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), "red").save(path, kind, **options)


def test_pictures_are_told_by_their_bytes(tmp_path):
    save(tmp_path / "a.txt")
    save(tmp_path / "b.jpg", "PNG")
    save(tmp_path / "deep/er/c", "BMP")
    save(tmp_path / "d e#.gif", "GIF")
    save(tmp_path / "webp.jpg", "WEBP")
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    (tmp_path / "empty.png").touch()
    folder = Folder.read(tmp_path)
    assert {picture.name: picture.content_type for picture in folder.pictures} == {
        "a.txt": "image/jpeg",
        "b.jpg": "image/png",
        "d e#.gif": "image/gif",
        "deep/er/c": "image/bmp",
    }
    assert folder.skipped == 3


def test_a_phones_double_picture_is_a_jpeg(tmp_path):
    save(tmp_path / "phone.jpg", "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))])
    assert [picture.content_type for picture in Folder.read(tmp_path).pictures] == ["image/jpeg"]


def test_hidden_files_are_nobodys_pictures(tmp_path):
    save(tmp_path / ".thumbnails/a.jpg")
    save(tmp_path / ".b.jpg")
    assert Folder.read(tmp_path) == Folder([], 0)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("a b#?%.jpg", True), ("a\nb.jpg", False), ("\udcff.jpg", False), ("ü" * 512, True), ("ü" * 513, False)],
)
def test_names_that_cloud_storage_takes(name, is_one):
    assert is_object_name(name) is is_one


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("Pictures", "pictures"),
        ("My  Pictures (2024)", "my_pictures_2024"),
        ("2024_Zürich", "images_2024_zurich"),
        ("Straße", "strasse"),
        ("x" * 39 + "-y", "x" * 39),
        ("日本", ""),
    ],
)
def test_a_collection_is_called_like_its_folder(folder, name):
    assert name_of(Path("/some") / folder) == name
    if name:
        TypeAdapter(Name).validate_python(name)


def test_several_folders_are_collections_side_by_side(tmp_path):
    for name in ("cats", "dogs", "cats"):
        add(name, tmp_path / name, tmp_path)
    deployment = load()
    assert [collection.name for collection in deployment.collections] == ["met", "cats", "dogs"]
    cats = deployment["cats"]
    assert (cats.buckets[0], cats.dataset) == ("demo-cats", "demo_cats")
    assert cats.content_types == ("image/jpeg", "image/png", "image/bmp", "image/gif")
    assert deployment["met"].buckets[0] == "met-demo"


def test_a_refused_collection_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    write({"cats": "/cats"}, tmp_path)
    before = (tmp_path / "collections.yaml").read_text()
    monkeypatch.setenv("VITRINE_DATASET", "demo_dogs")  # the dataset of met, then
    with pytest.raises(SettingsError, match="demo_dogs"):
        write({"cats": "/cats", "dogs": "/dogs"}, tmp_path)
    assert (tmp_path / "collections.yaml").read_text() == before


def test_a_folder_keeps_its_name_also_when_it_has_moved(tmp_path):
    here, there = tmp_path / "a/cats", tmp_path / "b/cats"
    for folder in (here, there):
        folder.mkdir(parents=True)
    add("cats", here, tmp_path)
    assert choose_name(here, "", tmp_path) == "cats"
    with pytest.raises(FolderError, match=r"is the folder .*a/cats: choose another name"):
        choose_name(there, "", tmp_path)
    assert choose_name(there, "other_cats", tmp_path) == "other_cats"
    here.rmdir()
    assert choose_name(there, "", tmp_path) == "cats"


@pytest.mark.parametrize(
    ("folder", "wish", "words"),
    [
        ("none", "", "There is no folder"),
        ("a.txt", "", "There is no folder"),
        ("met", "", "has a collection met already"),
        ("cats", "met", "has a collection met already"),
        ("cats", "My Cats", "NAME='My Cats' cannot name a collection"),
        ("日本", "", "No name can be made of"),
        ("cats", "", "cats has no JPEG, PNG, BMP or GIF pictures"),
    ],
)
def test_what_cannot_work_is_said_before_anything_starts(tmp_path, monkeypatch, capfd, folder, wish, words):
    for name in ("met", "cats", "日本"):
        (tmp_path / name).mkdir()
    (tmp_path / "cats/a.txt").write_text("no picture")
    monkeypatch.setattr(run, "STATE", tmp_path / "state")
    monkeypatch.setattr(run, "emulator_running", lambda state: pytest.fail("something was started"))
    assert run.main("a cat", str(tmp_path / folder), wish) == 1
    said = capfd.readouterr().out
    assert words in said
    assert said.count("\n") == 1
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("query", ["", "  ", "ü" * 512])
def test_a_query_that_the_model_refuses_is_refused_at_once(query, monkeypatch, capfd):
    monkeypatch.setattr(run, "emulator_running", lambda state: pytest.fail("something was started"))
    assert run.main(query) == 1
    assert capfd.readouterr().out == "QUERY must have 1 to 1,023 bytes: say what you look for.\n"


def test_an_airflow_that_runs_is_started_again():
    assert "`make down up`" in run.next_steps("cats", is_running=True)
    assert "`make up`" in run.next_steps("cats", is_running=False)
    assert "/plugin/image-search/vitrine/cats/" in run.next_steps("cats", is_running=False)


def test_two_demos_at_once_do_not_end_each_others_runs(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(run, "STATE", tmp_path)
    monkeypatch.setattr(run, "emulator_running", lambda state: pytest.fail("something was started"))
    with run.alone():
        assert run.main("a cat") == 1
    assert capfd.readouterr().out == "Another `make demo` is at work: wait until it has ended.\n"
    with run.alone():
        pass


def test_up_says_what_to_click_next(monkeypatch):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://here")
    before, after = (up.next_steps(load()["met"], is_searchable=known) for known in (False, True))
    assert "Nothing is searchable yet: open the first two DAGs" in before
    for said in (before, after):
        assert "http://here/plugin/image-search/vitrine/met/" in said
        assert [line.split()[1] for line in said.splitlines()[-len(up.DAGS) :]] == [
            f"{dag}__met" for dag in up.DAGS
        ]


def test_up_names_every_dag():
    assert set(up.DAGS) == {path.stem for path in (ROOT / "dags").glob("*.py")}


def test_demo_images_need_their_collection(tmp_path, monkeypatch):
    file = tmp_path / "mine.yaml"
    file.write_text(json.dumps({"collections": {"mine": {}}}))
    monkeypatch.setenv(FILE_VARIABLE, str(file))
    assert upload_demo_images() == "No collection is called met: the demo images are not uploaded."


def test_demo_images_go_to_no_bucket_of_googles(monkeypatch, capsys):
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    assert upload_main() == 1
    assert "Set BIGQUERY=demo in .env" in capsys.readouterr().err


def test_a_bucket_mirrors_its_folder(emulator, tmp_path):
    bucket = f"mirror-{uuid.uuid4().hex[:8]}"
    pictures = [Picture(tmp_path / str(number), f"d/{number} #?.gif", "image/gif") for number in range(3)]
    for picture in pictures:
        save(picture.path, "GIF")
    assert upload(bucket, pictures, mirror=True) == f"3 images in gs://{bucket} (3 uploaded now, 0 deleted)"
    assert upload(bucket, pictures[:1]) == f"1 images in gs://{bucket} (0 uploaded now)"
    save(pictures[0].path, "PNG")
    assert (
        upload(bucket, pictures[:1], mirror=True) == f"1 images in gs://{bucket} (1 uploaded now, 2 deleted)"
    )
    blobs = list(emulator.storage.list_blobs(bucket))
    assert [(blob.name, blob.content_type) for blob in blobs] == [("d/0 #?.gif", "image/gif")]
    assert blobs[0].download_as_bytes() == pictures[0].path.read_bytes()


@pytest.fixture
def make(tmp_path):
    """Run `make demo` with a Python that only says what it was given; answer that."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nprintf "<%s>" "$@" "$VITRINE_COLLECTIONS"\n')
    python.chmod(0o755)

    def run_make(*arguments, **environment):
        command = ["make", "--no-print-directory", "-o", "setup", "-o", ".local/collections.yaml"]
        command += ["demo", f"VENV={tmp_path}", *arguments]
        own = {"PATH": os.environ["PATH"], **environment}
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=own)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run_make


def test_make_hands_over_words_as_they_were_typed(make):
    query = """a "red" car for $5 (it's #1, `ls` $(shell ls) $$HOME \\ 100%)"""
    given = make(f"QUERY={query}", "IMAGES=/my $pictures/of 'us'", "NAME=us", "ADDED=")
    assert given == f"<-m><demo><search><{query}></my $pictures/of 'us'><us><>"


def test_make_takes_no_name_from_the_environment(make):
    given = make("ADDED=", QUERY="cost: $5", NAME="DESKTOP-1")
    assert given == "<-m><demo><search><cost: $5><><><>"


def test_make_gives_airflow_the_folders_collections(make):
    added = "ADDED=.local/collections.yaml"
    assert make(added).endswith(f"<{ROOT}/.local/collections.yaml>")
    assert make(added, VITRINE_COLLECTIONS=str(COLLECTIONS_FILE)).endswith(f"<{COLLECTIONS_FILE}>")
