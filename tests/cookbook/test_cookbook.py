"""Each recipe of docs/cookbook.md does what it promises, as it is written there."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tests.cookbook.recipes import Kitchen, new_kitchen, recipe, sections
from tests.faults.images import photo, tiny_png
from tests.support.collection import publish
from vitrine.collection import load
from vitrine.google.templates import render_statement

# Below, BigQuery refuses a vector index.
ENOUGH_FOR_AN_INDEX = 5_000


@pytest.fixture
def kitchen(fresh_world, tmp_path, monkeypatch) -> Kitchen:
    """A copy of the project in a world of its own."""
    return new_kitchen(tmp_path / "project", fresh_world, monkeypatch)


@pytest.fixture
def chat() -> Iterator[HTTPServer]:
    """A service that keeps what is posted to it in `messages`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.server.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.messages = []
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_recipe_is_made_by_a_test():
    tests = [f"test_{title.lower().replace(' ', '_')}" for title in sections()]
    assert tests
    assert [name for name in tests if name not in globals()] == []


def upload(kitchen: Kitchen, name: str, content: bytes, photographer: str) -> None:
    """Put a picture into the bucket with its photographer beside it."""
    blob = kitchen.world.emulator.storage.bucket(kitchen.world.bucket).blob(name)
    blob.metadata = {"photographer": photographer}
    blob.upload_from_string(content, "image/jpeg")


def test_add_a_column_to_the_embeddings(kitchen):
    diff, query = recipe("Add a column to the embeddings")
    emulator, uri = kitchen.world.emulator, f"gs://{kitchen.world.bucket}"
    emulator.storage.create_bucket(kitchen.world.bucket)
    upload(kitchen, "changed.jpg", photo(1), "Ada")
    upload(kitchen, "old.jpg", photo(2), "Ada")
    kitchen.succeed("setup_image_search__met", "embed_images__met")

    kitchen.make(diff)
    upload(kitchen, "changed.jpg", photo(3), "Bea")
    upload(kitchen, "new.jpg", photo(4), "Cem")
    before = emulator.last_call()
    kitchen.succeed("setup_image_search__met", "embed_images__met")

    rows = {row["uri"]: row["photographer"] for row in kitchen.ask(query)}
    assert rows == {f"{uri}/changed.jpg": "Bea", f"{uri}/new.jpg": "Cem", f"{uri}/old.jpg": "Ada"}
    embedded = sorted(
        call["uri"] for call in emulator.ledger(before) if call["uri"]
    )  # setup asks for words, too
    assert embedded == [f"{uri}/changed.jpg", f"{uri}/new.jpg"], "what was published is not embedded again"


def test_add_a_second_collection(kitchen):
    [collections] = recipe("Add a second collection")
    kitchen.make(collections)
    dresses = load()["dresses"]
    kitchen.world.emulator.upload("my-dresses", {"1.jpg": photo(1), "2.jpg": photo(2)})

    kitchen.succeed("setup_image_search__dresses", "embed_images__dresses", "search_saved_queries__dresses")

    [counted] = kitchen.world.rows("SELECT COUNT(*) AS images FROM dresses.dresses_image_embeddings")
    assert counted["images"] == 2
    [found] = kitchen.world.rows("SELECT COUNT(*) AS rows_ FROM dresses.saved_search_results")
    assert found["rows_"] == 2
    assert [one.name for one in load().sharing_quota(dresses)] == ["met", "dresses"]
    kitchen.world.emulator.bigquery.delete_dataset("dresses", delete_contents=True)


def test_use_another_index_type(kitchen, monkeypatch):
    collections, drop = recipe("Use another index type")
    world = kitchen.world
    monkeypatch.setenv("VITRINE_CONTENT_TYPES", "image/png")
    monkeypatch.setenv("VITRINE_DIMENSION", "128")
    world.emulator.faults(hash_model=True)
    world.upload({f"{number}.png": tiny_png(number) for number in range(ENOUGH_FOR_AN_INDEX)}, "image/png")
    before = load()["met"]
    publish(world.emulator, before)
    world.rows(render_statement(before, "index/create_vector_index.sql"))
    assert index_type(world) == "IVF"

    kitchen.make(collections)
    kitchen.ask(drop)
    kitchen.succeed("embed_images__met")

    assert index_type(world) == "TREE_AH"


def index_type(world) -> str:
    """The type of the world's only vector index."""
    [index] = world.rows(
        "SELECT option_value FROM INFORMATION_SCHEMA.VECTOR_INDEX_OPTIONS WHERE option_name = 'index_type'"
    )
    return index["option_value"]


def test_tell_somebody_in_another_way(kitchen, chat, monkeypatch):
    for block in recipe("Tell somebody in another way"):
        kitchen.make(block)
    monkeypatch.setenv(
        "AIRFLOW_CONN_CHAT", json.dumps({"conn_type": "http", "host": f"http://127.0.0.1:{chat.server_port}"})
    )
    kitchen.world.upload({"1.jpg": photo(1), "2.jpg": photo(2)})
    kitchen.world.prepare()
    kitchen.succeed("embed_images__met")
    assert chat.messages == []

    for number in (1, 2):
        kitchen.world.emulator.storage.bucket(kitchen.world.bucket).delete_blob(f"{number}.jpg")
    assert kitchen.run("embed_images__met").state == "failed"

    [message] = chat.messages
    assert message["text"].startswith("embed_images__met: Failed: sync_bucket")
    ignored = (kitchen.folder / "plugins/.airflowignore").read_text().splitlines()
    assert {"vitrine/", "house/"} <= set(ignored)


def test_try_a_second_model_beside_the_first(kitchen):
    beside, compare, active = recipe("Try a second model beside the first")
    world = kitchen.world
    world.upload({"1.jpg": photo(1), "2.jpg": photo(2)})
    kitchen.make(beside)
    kitchen.succeed("setup_image_search__met", "embed_images__met", "search_saved_queries__met")
    kitchen.succeed(
        "setup_image_search__met__small", "embed_images__met__small", "search_saved_queries__met__small"
    )
    assert vectors(world, "met_image_embeddings") == [(1408, 2)]
    assert vectors(world, "met_image_embeddings_small") == [(256, 2)]
    assert kitchen.ask(compare) == [{"query": "a red car", "overlap": 1.0}]

    calls = world.emulator.last_call()
    kitchen.make(active)
    kitchen.succeed("embed_images__met", "embed_images__met__default")
    assert world.emulator.last_call() == calls, "nothing is embedded again"
    kitchen.succeed("search_images__met")
    assert [row["n"] for row in world.rows("SELECT COUNT(*) AS n FROM vector_search_results_small")] == [2]

    kitchen.make(beside)
    calls = world.emulator.last_call()
    kitchen.succeed("embed_images__met")
    assert world.emulator.last_call() == calls, "the way back costs nothing"


def vectors(world, table: str) -> list[tuple[int, int]]:
    """Lengths of the vectors of a table, and how many have each."""
    rows = world.rows(
        f"SELECT ARRAY_LENGTH(ml_generate_embedding_result) AS numbers, COUNT(*) AS images FROM {table} GROUP BY 1"
    )
    return [(row["numbers"], row["images"]) for row in rows]
