"""Headless Chromium, Debian's or the system's own, and a collection to look at."""

import base64
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.collection import publish
from vitrine.collection import Collection, load

DEMO = Path(__file__).resolve().parents[2] / "demo/images"
HOSTILE = """photos/"><script>alert('1')<\u202egpj.jpg"""
BROKEN = """scans/"><script>alert('2')<\u202egpj.jpg"""
REFUSED = "INVALID_ARGUMENT: the image was refused."
HOSTILE_STATUS = """INVALID_ARGUMENT: <img src=x onerror="alert(3)">"""
# For a machine that does much else at the same time.
PATIENCE_MILLISECONDS = 30_000
expect.set_options(timeout=PATIENCE_MILLISECONDS)
ALLOWED_NOISE = (
    "An iframe which has both allow-scripts and allow-same-origin",  # Airflow's own frame
    "Failed to load resource: the server responded with a status of",  # pictures and pages that are meant to
)


def md5(content: bytes) -> str:
    """MD5 as Cloud Storage reports it."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser; each page of a test is a window of its own."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        pytest.fail(
            "The browser tests need Chromium: apt-get install chromium (or brew install --cask chromium)"
        )
    with sync_playwright() as playwright:
        # Root, in a container, has no sandbox of Chromium's.
        yield playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])


def quarantined(settings: Collection, bucket: str, owl: bytes) -> list[dict]:
    """Three images: one that was refused although it is a picture, and two that are none."""
    broken = (
        ("scans/a.jpg", owl, REFUSED),
        ("scans/b.jpg", b"broken", REFUSED),
        (BROKEN, b"broken", HOSTILE_STATUS),
    )
    return [
        {
            "uri": f"gs://{bucket}/{name}", "content_hash": md5(content), "model": settings.model.id,
            "ml_generate_embedding_status": status, "attempts": 1, "run_id": "r",
            "quarantined_at": "2026-11-22T02:03:00Z",
        }
        for name, content, status in broken
    ]  # fmt: skip


def measured(settings: Collection) -> list[dict]:
    """Four weeks in which words are found better and better."""
    return [
        {
            "run_id": f"scheduled__{day}", "model": settings.model.id, "rebuilt": day == 15, "top_k": 10,
            "vector_index": "Ready: 100 % of the rows are indexed.", "drift": 0.05,
            "image_queries": 100, "image_recall": 0.99, "word_queries": 20, "word_recall": 0.6 + day / 100,
            "measured_at": f"2026-11-{day:02}T12:00:00Z",
        }
        for day in (1, 8, 15, 22)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def airflow(airflow_stack, emulator):
    """Airflow over a collection of all demo pictures, one with a hostile name, three in quarantine."""
    emulator.faults(hash_model=False)  # the pictures are found by what they show
    objects = {path.relative_to(DEMO).as_posix(): path.read_bytes() for path in DEMO.rglob("*.jpg")}
    owl = objects["photos/owl.jpg"]
    emulator.upload(airflow_stack.bucket, objects | {HOSTILE: owl})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINE_DATASET", airflow_stack.dataset)
        patch.setenv("VITRINE_OBJECTS", f"gs://{airflow_stack.bucket}/*")
        settings = load()["met"]
        publish(emulator, settings)
    emulator.upload(airflow_stack.bucket, {"scans/a.jpg": owl, "scans/b.jpg": b"broken", BROKEN: b"broken"})
    for table, rows in (
        ("embedding_quarantine", quarantined(settings, airflow_stack.bucket, owl)),
        ("index_health", measured(settings)),
    ):
        emulator.load(settings.table_id(table), rows)
    return airflow_stack


@pytest.fixture
def page(browser, airflow) -> Iterator[Page]:
    """A window of 1280 x 900; the test fails when a script of a page fails or breaks the content policy."""
    context = browser.new_context(
        base_url=airflow.url,
        viewport={"width": 1280, "height": 900},
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    window, noise = context.new_page(), []
    context.on("weberror", lambda error: noise.append(str(error.error)))
    context.on("console", lambda message: message.type == "error" and noise.append(message.text))
    yield window
    context.close()
    assert [text for text in noise if not text.startswith(ALLOWED_NOISE)] == []
