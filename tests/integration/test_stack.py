"""The three DAGs in real Airflow processes, all four of them, triggered through the REST API."""

from collections import Counter
from pathlib import Path

import pytest

DEMO_IMAGES = Path(__file__).resolve().parents[2] / "demo/images"
IMAGE_COUNT = 20


@pytest.fixture(scope="module")
def uploaded(emulator, airflow_stack) -> set[str]:
    """Put twenty demo images into the stack's bucket and answer their uris."""
    files = sorted(DEMO_IMAGES.rglob("*.jpg"))[:IMAGE_COUNT]
    assert len(files) == IMAGE_COUNT, f"{DEMO_IMAGES} holds only {len(files)} images"
    emulator.upload(airflow_stack.bucket, {file.name: file.read_bytes() for file in files})
    return {f"gs://{airflow_stack.bucket}/{file.name}" for file in files}


def run(stack, dag_id, **conf):
    """Run a DAG to its end; where it fails, say what a person would ask first."""
    finished = stack.run(dag_id, conf)
    assert finished.state == "success", stack.explain(finished)
    return finished


def test_set_up_embed_search(airflow_stack, emulator, uploaded):
    emulator.faults(model_latency_seconds=0.2)
    before = emulator.last_call()
    run(airflow_stack, "setup_image_search")
    embedded = run(airflow_stack, "embed_images")
    paid = Counter(
        call["uri"] for call in emulator.ledger(before) if call["kind"] == "image" and call["outcome"] == "ok"
    )
    assert paid == dict.fromkeys(uploaded, 1)
    # 20 calls of 0.2 s each outlast a poll, so the job was waited for in the triggerer.
    assert "deferred" in embedded.seen["pass_1.embed_batch", 0]

    found = run(airflow_stack, "search_images", query="a white bag", top_k=2)
    page = airflow_stack.links(found, "write_gallery")["Gallery"]
    gallery = airflow_stack.gallery / Path(page).name
    assert "a white bag" in gallery.read_text()
    assert "a white bag" in airflow_stack.log(found, "write_gallery")
