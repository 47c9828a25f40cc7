"""What the tests of whole runs share."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from tests.faults.images import hash_vector
from tests.support.world import World

DIMENSION = 128


@dataclass(frozen=True)
class Bucket:
    """The bucket of a world, changed by a person, and what a run has made of it."""

    world: World

    def uri(self, name: str) -> str:
        """Where an object is."""
        return f"gs://{self.world.bucket}/{name}"

    def put(self, objects: dict[str, bytes]) -> None:
        """Write objects by name."""
        self.world.upload(objects)

    def delete(self, *names: str) -> None:
        """Delete objects."""
        bucket = self.world.emulator.storage.bucket(self.world.bucket)
        bucket.delete_blobs([bucket.blob(name) for name in names])

    def rename(self, names: dict[str, str]) -> None:
        """Rename objects, as `gcloud storage mv` does: a copy, and the old one deleted."""
        bucket = self.world.emulator.storage.bucket(self.world.bucket)
        for old, new in names.items():
            bucket.copy_blob(bucket.blob(old), bucket, new)
        self.delete(*names)

    def contents(self) -> dict[str, bytes]:
        """What is in the bucket, by uri."""
        blobs = self.world.emulator.storage.list_blobs(self.world.bucket)
        return {self.uri(blob.name): blob.download_as_bytes() for blob in blobs}

    def calls(self, after: int) -> list[dict]:
        """Calls of the model for images of this bucket since."""
        return [
            call for call in self.world.emulator.ledger(after) if (call["uri"] or "").startswith(self.uri(""))
        ]

    def paid(self, after: int = 0) -> Counter:
        """How often each content of this bucket has been paid for since, whatever its names."""
        return Counter(call["content_sha256"] for call in self.calls(after) if call["outcome"] == "ok")

    def quarantined(self) -> list[str]:
        """Images in quarantine."""
        rows = self.world.rows("SELECT uri FROM embedding_quarantine WHERE replayed_at IS NULL ORDER BY uri")
        return [row["uri"] for row in rows]

    def published(self) -> list[str]:
        """Images that are searchable."""
        rows = self.world.rows("SELECT uri FROM met_image_embeddings ORDER BY uri")
        return [row["uri"] for row in rows]

    def check_vectors(self) -> None:
        """Every object is searchable by the vector of the bytes that it has, and nothing else is."""
        rows = self.world.rows("SELECT uri, ml_generate_embedding_result AS v FROM met_image_embeddings")
        contents = self.contents()
        assert sorted(row["uri"] for row in rows) == sorted(contents)
        wrong = [
            row["uri"]
            for row in rows
            if not np.allclose(row["v"], hash_vector(contents[row["uri"]], DIMENSION), atol=1e-6)
        ]
        assert wrong == []

    def report(self, run, *figures: str) -> dict:
        """Figures of the report of a run."""
        [row] = self.world.rows(
            f"SELECT {', '.join(figures)} FROM embedding_runs WHERE run_id = '{run.run_id}'"
        )
        return row


@pytest.fixture
def hashed(fresh_world, monkeypatch) -> Bucket:
    """An empty bucket whose images get vectors that tell every content apart; two passes at most."""
    monkeypatch.setenv("VITRINE_DIMENSION", str(DIMENSION))
    monkeypatch.setenv("VITRINE_MAX_PASSES", "2")
    fresh_world.emulator.faults(hash_model=True)
    return Bucket(fresh_world)
