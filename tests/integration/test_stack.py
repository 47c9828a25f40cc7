"""The three DAGs in real Airflow processes, all four of them, triggered through the REST API."""

import io
import os
from collections import Counter
from pathlib import Path

import psutil
import pytest
from PIL import Image

DEMO_IMAGES = Path(__file__).resolve().parents[2] / "demo/images"
DEMO_COUNT = 20
INDEX_MINIMUM_ROWS = 5_000


@pytest.fixture(scope="module")
def ready(airflow_stack, emulator):
    """A stack with its tables and twenty demo images; answer their uris."""
    files = sorted(DEMO_IMAGES.rglob("*.jpg"))[:DEMO_COUNT]
    assert len(files) == DEMO_COUNT, f"{DEMO_IMAGES} holds only {len(files)} images"
    emulator.upload(airflow_stack.bucket, {file.name: file.read_bytes() for file in files})
    run(airflow_stack, "setup_image_search")
    return {f"gs://{airflow_stack.bucket}/{file.name}" for file in files}


@pytest.fixture
def faults(emulator):
    """Change the emulator's faults for one test."""
    before = emulator.faults()
    yield emulator.faults
    emulator.faults(**before)


def run(stack, dag_id, **conf):
    """Run a DAG to its end; where it fails, say what a person would ask first."""
    finished = stack.run(dag_id, conf)
    assert finished.state == "success", stack.explain(finished)
    return finished


def paid_calls(emulator, stack):
    """Answer how often each of the stack's images was embedded, and paid."""
    calls = [call for call in emulator.ledger() if (call["uri"] or "").startswith(f"gs://{stack.bucket}/")]
    return Counter(call["uri"] for call in calls if call["outcome"] == "ok")


def tiny_images(count):
    """Answer PNG files of one pixel, no two the same."""
    images = {}
    for number in range(count):
        file = io.BytesIO()
        Image.new("RGB", (1, 1), (number % 256, number // 256, 77)).save(file, "PNG")
        images[f"tiny/{number:05}.png"] = file.getvalue()
    return images


def test_everything_listens_on_loopback_only(airflow_stack, emulator):
    sockets = [
        (process.name(), socket.laddr)
        for process in psutil.Process().children(recursive=True)
        for socket in process.net_connections("inet")
        if socket.status == psutil.CONN_LISTEN
    ]
    ports = {str(address.port) for _, address in sockets}
    airflow = airflow_stack.url.rpartition(":")[2]
    assert ports >= {os.environ["EMULATOR_PORT"], os.environ["STORAGE_PORT"], airflow}
    assert [(name, address) for name, address in sockets if address.ip not in ("127.0.0.1", "::1")] == []


def test_embed_and_search(airflow_stack, emulator, ready, faults):
    # One call alone lasts longer than a task waits before it leaves its job to the triggerer.
    faults(model_latency_seconds=7.0)
    embedded = run(airflow_stack, "embed_images")
    assert paid_calls(emulator, airflow_stack) == dict.fromkeys(ready, 1)
    assert "deferred" in embedded.seen["pass_1.embed_batch", 0]
    assert embedded.states()["vector_index.create_vector_index", -1] == "success", "it needs no branch"

    faults(model_latency_seconds=0.0)
    found = run(airflow_stack, "search_images", query="a white bag", top_k=2)
    links = airflow_stack.links(found, "write_gallery")
    link = links["Gallery"]
    assert links["Image search"] == "/plugin/image-search/vitrine/met/?q=a+white+bag&n=2"
    assert (airflow_stack.gallery / Path(link).name).is_file()
    assert "a white bag" in airflow_stack.page(link)
    assert "a white bag" in airflow_stack.log(found, "write_gallery")


def test_the_triggerer_waits_for_the_index(airflow_stack, emulator, ready, faults):
    faults(hash_model=True, index_build_seconds=20.0)
    emulator.upload(airflow_stack.bucket, tiny_images(INDEX_MINIMUM_ROWS), "image/png")
    indexed = run(airflow_stack, "embed_images")
    calls = paid_calls(emulator, airflow_stack)
    assert len(calls) == DEMO_COUNT + INDEX_MINIMUM_ROWS
    assert set(calls.values()) == {1}
    assert indexed.states()["vector_index.create_vector_index", -1] == "success"
    assert "deferred" in indexed.seen["vector_index.wait_for_vector_index", -1]
