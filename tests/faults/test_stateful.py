"""Whatever happens to the bucket, the service and the workers: a run that succeeds has left nothing out.

Hypothesis plays uploads, overwrites, touches, deletes, restores, faults, deaths and runs against real runs of
embed_images, beside a model of the bucket that knows nothing of how it works. A few games in CI, always the
same; STATEFUL_GAMES=200 plays that many new ones, and a game that is lost is printed.
"""

import base64
import hashlib
import os
from collections import Counter
from contextlib import contextmanager

import pytest
from google.cloud._http import JSONConnection
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.faults.images import tiny_png
from tests.support.emulator import Emulator
from tests.support.fixtures import new_world
from tests.support.world import World

GAMES = int(os.environ.get("STATEFUL_GAMES", "0"))
SETTINGS = settings(
    max_examples=GAMES or 4,
    derandomize=not GAMES,
    stateful_step_count=3,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
IMAGE_TYPE = "image/png"
NAMES = st.sampled_from(
    ["a.png", "b.png", "c d.png", "e/ö'f.png", "e/%20#g?.png", "中/h.png", "i.png", "j.png"]
)
CONTENTS = st.integers(0, 3)  # few, so that contents come again
# About as many requests as a run sends; a task that dies is tried again, so a run may see two deaths.
DEATHS = st.lists(st.tuples(st.integers(1, 60), st.booleans()), max_size=2)
FAULTS = st.fixed_dictionaries(
    {
        "retryable_share": st.sampled_from([0.0, 0.4, 1.0]),
        "retryable_attempts": st.integers(1, 3),
        "retryable_texts": st.sampled_from(["first", "all"]),
        "outage": st.sampled_from([False, False, False, True]),
        "http_errors": st.sampled_from([0.0, 0.03]),
        # Not embed_batch: the calls of a job that died are paid and its vectors lost, by documentation.
        "dying_jobs": st.sampled_from([None, None, "publish_new", "publish_changed", "quarantine_images"]),
    }
)


class WorkerDied(SystemExit):
    """What the rest of a task sees when its process is killed: nothing, as no handler catches this."""


@contextmanager
def dying(deaths: list[tuple[int, bool]]):
    """Let the worker die at the n-th request to BigQuery, before it is sent or after it was carried out."""
    original, sent, at = JSONConnection.api_request, 0, dict(deaths)

    def api_request(self, *args, **kwargs):
        nonlocal sent
        sent += 1
        if at.get(sent) is False:
            raise WorkerDied(9)
        answer = original(self, *args, **kwargs)
        if at.get(sent):
            raise WorkerDied(9)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONConnection, "api_request", api_request)
        yield


class Collection(RuleBasedStateMachine):
    """A bucket, the tables made from it, and what should be in them."""

    world: World

    @initialize()
    def empty(self):
        """Begin with an empty bucket and empty tables; contents are new, for the ledger forgets nothing."""
        self.bucket: dict[str, bytes] = {}
        self.breakable: set[tuple[str, str]] = set()
        self.emulator = self.world.emulator
        self.emulator.faults(**CALM)
        for blob in self.emulator.storage.list_blobs(self.world.bucket):
            blob.delete()
        for table in TABLES:
            self.world.rows(f"TRUNCATE TABLE {table}")
        self.first_call = self.emulator.last_call()

    @rule(
        uploads=st.dictionaries(NAMES, CONTENTS, min_size=2, max_size=6), deletes=st.sets(NAMES, max_size=2),
        faults=FAULTS, terminal=st.sets(NAMES, max_size=2), deaths=DEATHS,
        batch_size=st.sampled_from([1, 3, 25_000]), allow_mass_delete=st.booleans(),
    )  # fmt: skip
    def night(self, uploads, deletes, faults, terminal, deaths, batch_size, allow_mass_delete):
        """The bucket changes, then there is a run: it may fail, but never look complete when it is not."""
        self.upload(uploads)
        self.delete(deletes)
        broken = {self.uri(name) for name in terminal}
        self.emulator.faults(**faults, terminal_uris=sorted(broken))
        self.breakable |= {image for image in self.images() if image[0] in broken}
        with dying(deaths):
            run = self.world.run("embed_images", batch_size=batch_size, allow_mass_delete=allow_mass_delete)
        self.check()
        if run.state == "success":
            self.check_complete()

    def upload(self, objects: dict[str, int]):
        """New images, other contents, the same content again, or one that was there before."""
        contents = {name: tiny_png(10 * self.first_call + number) for name, number in objects.items()}
        self.bucket |= contents
        self.world.upload(contents, IMAGE_TYPE)

    def delete(self, names: set[str]):
        """Images leave the bucket."""
        bucket = self.emulator.storage.bucket(self.world.bucket)
        for name in names & self.bucket.keys():
            bucket.delete_blob(name)
            del self.bucket[name]

    def teardown(self):
        """Every game ends with a run in calm weather, which mends everything."""
        if hasattr(self, "bucket"):
            self.emulator.faults(**CALM)
            assert self.world.run("embed_images", allow_mass_delete=True).state == "success"
            self.check()
            self.check_complete()

    def uri(self, name: str) -> str:
        """The uri of an object of the bucket."""
        return f"gs://{self.world.bucket}/{name}"

    def images(self) -> set[tuple[str, str]]:
        """What is in the bucket: uri and MD5 of the content, as an object table shows them."""
        return {
            (self.uri(name), base64.b64encode(hashlib.md5(data).digest()).decode())
            for name, data in self.bucket.items()
        }

    def table(self, name: str) -> list[tuple[str, str]]:
        """The images that a table has, uri and content."""
        return [(row["uri"], row["content_hash"]) for row in self.world.rows(f"SELECT * FROM {name}")]

    def check(self):
        """What holds after every run: no image twice, none broken, no content paid twice."""
        published, quarantined = self.table("image_embeddings"), self.table("embedding_quarantine")
        assert len({uri for uri, _ in published}) == len(published), "an image is published twice"
        assert set(quarantined) <= self.breakable, "an image is in quarantine that a retry would have cured"
        assert not set(quarantined) & set(published), "an image is published and in quarantine"
        paid = Counter(
            (call["uri"], call["content_sha256"])
            for call in self.emulator.ledger(self.first_call)
            if call["outcome"] == "ok"
        )
        assert set(paid.values()) <= {1}, f"paid twice: {paid.most_common(3)}"

    def check_complete(self):
        """What holds when a run says that it is complete: the table is the bucket without the quarantine."""
        expected = self.images() - set(self.table("embedding_quarantine"))
        assert set(self.table("image_embeddings")) == expected


CALM = {
    "hash_model": True, "retryable_share": 0.0, "outage": False, "http_errors": 0.0, "dying_jobs": None,
    "terminal_uris": [],
}  # fmt: skip
TABLES = ("embedding_batches", "embedding_attempts", "met_image_embeddings", "embedding_quarantine")


@pytest.fixture
def world(emulator: Emulator, airflow_db: None, tmp_path):
    """One world for all games: each begins with emptying it."""
    settings = {
        "VITRINE_DIMENSION": "128", "VITRINE_CONTENT_TYPES": IMAGE_TYPE, "VITRINE_RETRY_WAIT_SECONDS": "1",
    }  # fmt: skip
    before = emulator.faults()
    with new_world(emulator, tmp_path, settings) as world:
        world.upload({"first.png": tiny_png(0)}, IMAGE_TYPE)
        emulator.faults(hash_model=True)
        world.prepare()
        yield world
    emulator.faults(**before)


def test_every_run_that_succeeds_is_complete_and_nothing_is_paid_twice(world):
    game = type("Game", (Collection,), {"world": world})
    run_state_machine_as_test(game, settings=SETTINGS)
