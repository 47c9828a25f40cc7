"""A searchable table of made-up vectors, large enough for an index: thousands of rows in a second."""

import time

import numpy as np

from vitrine.collection import load
from vitrine.google.templates import render_statement

# 11 MiB with their other columns: enough for an index that is filled.
ROWS, DIMENSION, CLUSTERS = 10_500, 128, 100
DEADLINE_SECONDS = 120  # for a machine that does much else at the same time
TABLES = (
    "image_embeddings",
    "search_embedding",
    "index_health",
    "embedding_quarantine",
    "embedding_runs",
)


def create_tables(emulator) -> None:
    """The tables that searches, maintenance and the pages read, empty."""
    for statement in ("setup/create_dataset", *(f"schema/create_{table}" for table in TABLES)):
        emulator.bigquery.query_and_wait(render_statement(load()["met"], f"{statement}.sql"))


def clustered(seed: int, away: float = 0.0) -> np.ndarray:
    """Vectors in a hundred clusters, as pictures lie, all of them moved away from the middle of the space."""
    random = np.random.default_rng(seed)
    centres = away + random.normal(size=(CLUSTERS, DIMENSION))
    vectors = centres[random.integers(0, CLUSTERS, ROWS)] + random.normal(size=(ROWS, DIMENSION)) / 2
    return np.round(vectors, 4)


def uri(number: int) -> str:
    """Name of the image with this number; every other one is in another folder."""
    return f"gs://vectors/{'even' if number % 2 == 0 else 'odd'}/{number:06}.png"


def publish(emulator, vectors: np.ndarray) -> None:
    """Let the searchable table hold these vectors and no others."""
    settings = load()["met"]
    emulator.bigquery.query_and_wait(f"TRUNCATE TABLE {settings.table('met_image_embeddings')}")
    rows = [
        {
            "uri": uri(number), "content_hash": str(number), "model": settings.model.id,
            "ml_generate_embedding_result": vector, "ml_generate_embedding_status": "", "run_id": "test",
            "embedded_at": "2026-11-22T02:00:00Z",
        }
        for number, vector in enumerate(vectors.tolist())
    ]  # fmt: skip
    emulator.load(settings.table_id("image_embeddings"), rows)


def create_index(emulator) -> None:
    """The vector index as embed_images makes it; returns once it covers every row."""
    emulator.bigquery.query_and_wait(render_statement(load()["met"], "index/create_vector_index.sql"))
    wait_until_filled(emulator)


def index(emulator) -> dict:
    """When the index was created and trained, and how far it is."""
    view = f"{load()['met'].dataset}.INFORMATION_SCHEMA.VECTOR_INDEXES"
    columns = "creation_time, last_model_build_time, coverage_percentage"
    [row] = emulator.bigquery.query_and_wait(f"SELECT {columns} FROM {view}")
    return dict(row)


def wait_until_filled(emulator) -> None:
    """Return once the index covers every row."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while index(emulator)["coverage_percentage"] < 100:
        assert time.monotonic() < deadline
        time.sleep(0.2)
