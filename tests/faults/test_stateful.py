"""Whatever happens to the bucket, the service and the workers: a run that succeeds has left nothing out.

Hypothesis plays uploads, overwrites, touches, deletes, renames, copies, faults, deaths, strangers and runs against
real runs of embed_images, beside a model of the bucket that knows nothing of how it works. A few games in CI,
always the same; STATEFUL_GAMES=200 plays that many new ones, and a game that is lost is printed.
"""

import base64
import hashlib
import os
from collections import Counter
from collections.abc import Iterable
from contextlib import contextmanager

import numpy as np
import pytest
from airflow.models.variable import Variable
from google.cloud._http import JSONConnection
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.faults.images import hash_vector, tiny_png
from tests.support.emulator import Emulator
from tests.support.fixtures import new_world
from tests.support.world import World
from vitrine.collection import load
from vitrine.embed import take_turn, turns

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
DIMENSION = 128
PASSES = 3
# Few, so that the same image changes again.
ALL_NAMES = ("a.png", "c d.png", "e/ö'f.png", "e/%20#g?.png", "中/h.png")
NAMES = st.sampled_from(ALL_NAMES)
CONTENTS = st.integers(0, 2)  # few, so that contents come again, under their old name and under others
CHANGES = st.fixed_dictionaries(
    {
        "uploads": st.dictionaries(NAMES, CONTENTS, min_size=1, max_size=3),
        "copies": st.dictionaries(NAMES, NAMES, max_size=2),  # the new name, and whose copy it is
        "renames": st.dictionaries(NAMES, NAMES, max_size=2),  # the old name and the new one
        "deletes": st.sets(NAMES, max_size=2),
    }
)
# Before which job of a run the bucket changes, or a stranger takes the lease: it is planned, then not yet embedded,
# embedded, published, checked. A name that the model is just reading is in test_moving_bucket.
MOMENTS = st.sampled_from(["-batch", "-settle", "check_status", "plan_batches", "-batch", "sync_bucket"])
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
        "dying_jobs": st.sampled_from([None, None, "-settle", "check_status"]),
        "reads_newest_generation": st.booleans(),
    }
)


class WorkerDied(SystemExit):
    """What the rest of a task sees when its process is killed: nothing, as no handler catches this."""


@contextmanager
def requests_seen(before, after):
    """Let `before` see each request to Google Cloud before it is sent, and `after` once it was carried out.

    Not those that they send themselves.
    """
    original, is_watching = JSONConnection.api_request, True

    def told(watcher, request):
        nonlocal is_watching
        is_watching = False
        try:
            watcher(request)
        finally:
            is_watching = True

    def api_request(self, *args, **kwargs):
        if not is_watching:
            return original(self, *args, **kwargs)
        told(before, kwargs)
        answer = original(self, *args, **kwargs)
        told(after, kwargs)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONConnection, "api_request", api_request)
        yield


class Events:
    """Deaths of a worker at the n-th request, before it is sent or after it was carried out; and once, before the
    first job whose id contains `moment`, something else."""

    def __init__(self, deaths, moment: str, event) -> None:
        self.deaths, self.moment, self.event, self.sent = dict(deaths), moment, event, 0

    def before(self, request) -> None:
        """The next request."""
        self.sent += 1
        if self.event and self.moment in self._new_job(request):
            event, self.event = self.event, None
            event()
        if self.deaths.get(self.sent) is False:
            raise WorkerDied(9)

    def after(self, request) -> None:
        """It was carried out."""
        if self.deaths.get(self.sent):
            raise WorkerDied(9)

    def _new_job(self, request) -> str:
        is_job = request.get("method") == "POST" and request.get("path", "").endswith("/jobs")
        return request["data"].get("jobReference", {}).get("jobId", "") if is_job else ""


class Collection(RuleBasedStateMachine):
    """A bucket, the tables made from it, and what should be in them."""

    world: World

    @initialize()
    def empty(self):
        """Begin with an empty bucket and empty tables; contents are new, for the ledger forgets nothing."""
        self.bucket: dict[str, bytes] = {}
        self.contents: dict[str, bytes] = {}  # all that there have been, by MD5
        self.has_read_newer = False
        self.broken: set[str] = set()  # uris whose content the model refuses
        self.breakable: set[str] = set()  # contents that it has refused, or could have
        self.lasting: set[bytes] = set()  # contents of which an object has outlived a complete run, unchanged
        self.excused: Counter[bytes] = Counter()  # payments that may be repeated, see `leaves`
        self.emulator = self.world.emulator
        self.emulator.faults(**CALM)
        for blob in self.emulator.storage.list_blobs(self.world.bucket):
            blob.delete()
        for table in TABLES:
            self.world.rows(f"TRUNCATE TABLE {table}")
        self.free_lease()
        self.first_call = self.emulator.last_call()

    @rule(
        uploads=st.dictionaries(NAMES, CONTENTS, min_size=2, max_size=4),
        changes=CHANGES,
        meanwhile=CHANGES,
        moment=MOMENTS,
        faults=FAULTS,
        terminal=st.one_of(st.sets(NAMES, max_size=2), st.just(set(ALL_NAMES))),
        deaths=DEATHS,
        batch_size=st.sampled_from([1, 3, 25_000]),
        allow_mass_delete=st.booleans(),
        stranger=st.sampled_from([None, None, None, "had the lease", "has the lease", "takes the lease"]),
        typo=st.sampled_from([False] * 7 + [True]),
    )
    def night(
        self,
        uploads,
        changes,
        meanwhile,
        moment,
        faults,
        terminal,
        deaths,
        batch_size,
        allow_mass_delete,
        stranger,
        typo,
    ):
        """The bucket changes, then there is a run: it may fail, but never look complete when it is not."""
        self.changed: set[str] = set()
        self.change(changes | {"uploads": uploads | changes["uploads"]})
        self.broken = {self.uri(name) for name in terminal}
        self.note_breakable()
        self.emulator.faults(**faults, terminal_uris=sorted(self.broken))
        reads_newest = faults["reads_newest_generation"]
        self.has_read_newer |= reads_newest
        if stranger:
            self.forget_turn()
            self.lend(minutes=60 if stranger == "has the lease" else -1)
        self.changed = set()

        def event():
            if stranger == "takes the lease":
                self.lend(minutes=60)
            else:
                self.change(meanwhile, reads_newest=reads_newest)

        conf = {"batch_size": batch_size, "allow_mass_delete": allow_mass_delete}
        before, events = self.emulator.last_call(), Events(deaths, moment, event)
        with requests_seen(events.before, events.after):
            run = self.run(**conf, **({"dryrun": True} if typo else {}))
        self.check(after=before)
        if typo:
            assert run.state == "failed"
            assert self.emulator.last_call() == before
        if run.state == "success":
            assert stranger != "takes the lease" or events.event, (
                "the run has not noticed that it lost its lease"
            )
            self.check_complete()

    def run(self, **conf):
        """A run of embed_images; if it has to wait for a stranger's lease, that expires."""
        poke = take_turn.TakeTurnSensor.poke

        def poke_and_expire(sensor, context):
            has_turn = poke(sensor, context)
            if not has_turn:
                self.free_lease()
            return has_turn

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(take_turn.TakeTurnSensor, "poke", poke_and_expire)
            return self.world.run("embed_images", **conf)

    def change(self, changes: dict, *, reads_newest: bool = False):
        """New images, other contents, the same content again, or one that was there before; copies, new names."""
        new = {name: tiny_png(10 * self.first_call + number) for name, number in changes["uploads"].items()}
        new |= {name: self.bucket[of] for name, of in changes["copies"].items() if of in self.bucket}
        moved = {old: new for old, new in changes["renames"].items() if old in self.bucket and old != new}
        new |= {name: self.bucket[old] for old, name in moved.items()}
        for name in new.keys() | moved.keys() | changes["deletes"]:
            self.leaves(name, new.get(name) if reads_newest else None)
        self.bucket |= new
        self.contents |= {md5(data): data for data in new.values()}
        self.world.upload(new, IMAGE_TYPE)
        gone = (moved.keys() - new.keys()) | changes["deletes"]
        bucket = self.emulator.storage.bucket(self.world.bucket)
        for name in gone & self.bucket.keys():
            bucket.delete_blob(name)
            del self.bucket[name]
        self.note_breakable()

    def leaves(self, name: str, read_instead: bytes | None):
        """An object vanishes or changes. Unless it has outlived a complete run, no listing may have confirmed yet
        that its vector was made from its content, so that may be paid for once more. If the model reads what is
        there instead of what was listed, the same holds for what it has read."""
        self.changed.add(name)
        content = self.bucket.get(name)
        if content is not None and content not in self.lasting:
            self.excused[content] += 1
        if read_instead is not None:
            self.excused[read_instead] += 1

    def note_breakable(self):
        """What the model would refuse now."""
        self.breakable |= {content for uri, content in self.images() if uri in self.broken}

    def forget_turn(self):
        """As in another Airflow, nothing but the lease says who works."""
        Variable.delete(turns.for_tables(load()["met"]))

    def lend(self, minutes: int):
        """A stranger has the lease, until so many minutes from now."""
        self.world.rows(
            "UPDATE embedding_lease SET lease_id = 'stranger', holder = 'A stranger', "
            f"expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL {minutes} MINUTE) WHERE TRUE"
        )

    def free_lease(self):
        """The lease expires."""
        self.world.rows("UPDATE embedding_lease SET expires_at = CURRENT_TIMESTAMP() WHERE TRUE")

    def teardown(self):
        """Every game ends with a run in calm weather, which mends everything."""
        if hasattr(self, "bucket"):
            self.changed, self.broken = set(), set()
            self.emulator.faults(**CALM)
            before = self.emulator.last_call()
            assert self.run(allow_mass_delete=True).state == "success"
            self.check(after=before)
            self.check_complete()

    def uri(self, name: str) -> str:
        """The uri of an object of the bucket."""
        return f"gs://{self.world.bucket}/{name}"

    def images(self) -> set[tuple[str, str]]:
        """What is in the bucket: uri and MD5 of the content, as an object table shows them."""
        return {(self.uri(name), md5(data)) for name, data in self.bucket.items()}

    def table(self, name: str) -> list[tuple[str, str]]:
        """The images that a table has, uri and content."""
        return [(row["uri"], row["content_hash"]) for row in self.world.rows(f"SELECT * FROM {name}")]

    def check(self, *, after: int):
        """What holds after every run: no image twice, none broken, no content paid twice but for an excuse.

        Each check of a pass may ask once about an image that was embedded before, to tell broken images from a
        broken model. As long as the model reads what was listed, every vector is that of its content.
        """
        published, quarantined = self.table("met_image_embeddings"), self.table("embedding_quarantine")
        assert len({uri for uri, _ in published}) == len(published), "an image is published twice"
        assert {content for _, content in quarantined} <= self.breakable, (
            "an image is in quarantine that a retry would have cured"
        )
        calls = [call for call in self.emulator.ledger(self.first_call) if call["outcome"] == "ok"]
        paid = Counter(call["content_sha256"] for call in calls if "vitrine_embed-" in call["job_id"])
        allowed = {sha256(content): 1 + times for content, times in self.excused.items()}
        twice = {content: times for content, times in paid.items() if times > allowed.get(content, 1)}
        assert not twice, f"paid twice: {twice}"
        asked_again = [call for call in self.emulator.ledger(after) if "vitrine_embed-" not in call["job_id"]]
        assert len(asked_again) <= PASSES
        if not self.has_read_newer:
            self.check_vectors(published)

    def check_complete(self):
        """What holds when a run says that it is complete: the table is the bucket without the quarantine.

        Objects that changed during the run are for the next one.
        """
        changed = {self.uri(name) for name in self.changed}
        quarantined = set(self.table("embedding_quarantine"))
        published = {image for image in self.table("met_image_embeddings") if image[0] not in changed}
        expected = {image for image in self.images() - quarantined if image[0] not in changed}
        assert published == expected
        self.check_vectors(published)
        self.lasting |= {
            data for name, data in self.bucket.items() if (self.uri(name), md5(data)) in expected
        }

    def check_vectors(self, images: Iterable[tuple[str, str]]):
        """These published images have the vector of their content."""
        rows = self.world.rows("SELECT * FROM met_image_embeddings")
        vectors = {(row["uri"], row["content_hash"]): row["ml_generate_embedding_result"] for row in rows}
        for image in images:
            right = hash_vector(self.contents[image[1]], DIMENSION)
            assert np.allclose(vectors[image], right, atol=1e-6), image


def md5(data: bytes) -> str:
    """What an object table shows of a content."""
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def sha256(data: bytes) -> str:
    """What the ledger shows of it."""
    return hashlib.sha256(data).hexdigest()


CALM = {
    "hash_model": True,
    "retryable_share": 0.0,
    "outage": False,
    "http_errors": 0.0,
    "dying_jobs": None,
    "terminal_uris": [],
    "reads_newest_generation": False,
}
TABLES = (
    "embedding_batches",
    "embedding_attempts",
    "met_image_embeddings",
    "embedding_quarantine",
    "embedding_confirmations",
)


@pytest.fixture
def world(emulator: Emulator, airflow_db: None, tmp_path, monkeypatch):
    """One world for all games: each begins with emptying it."""
    settings = {
        "VITRINE_DIMENSION": str(DIMENSION),
        "VITRINE_CONTENT_TYPES": IMAGE_TYPE,
        "VITRINE_RETRY_WAIT_SECONDS": "1",
        "VITRINE_MAX_PASSES": str(PASSES),
    }
    monkeypatch.setattr(take_turn, "MIN_POKE_SECONDS", 1.0)
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
