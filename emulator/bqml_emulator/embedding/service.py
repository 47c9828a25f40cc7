"""The remote service behind a model: reads an image or a text, answers a vector or a status.

It has the service's limits and the faults that were asked for, and writes every call to the ledger. It never
raises for a bad row: BigQuery's query jobs succeed though rows fail.
"""

import collections
import hashlib
import threading
import time
from dataclasses import dataclass, replace

import numpy as np

from bqml_emulator import model
from bqml_emulator.core import faults, limits
from bqml_emulator.core.faults import Faults
from bqml_emulator.core.ledger import Call, ledger
from bqml_emulator.embedding import quota
from bqml_emulator.objects import gcs

SERVICE_RETRY_WAITS_SECONDS = (
    0.05,
    0.1,
    0.2,
)  # ours: BigQuery retries before a row fails; how often is not told
HASH_MODEL_ID = "hash"
UNREADABLE_TYPES = {"image/heic", "image/heif", "image/avif"}  # the local model has no decoder for them
# Nothing says whether Google's preview and its successor share a space; here they do.
SPACES = {
    name: model.MULTIMODAL if facts is limits.MULTIMODAL_EMBEDDING else model.GEMINI
    for name, facts in limits.EMBEDDING_MODELS.items()
}


@dataclass(frozen=True)
class Answer:
    """What a row gets: a vector (float32, unit length) and status '', or None and the reason."""

    vector: np.ndarray | None
    status: str


@dataclass(frozen=True)
class Content:
    """What is embedded: an image's bytes or a text, with the hash that names it in the ledger."""

    kind: str
    uri: str | None
    data: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


class Refused(Exception):
    """The service answers this status instead of a vector."""

    def __init__(self, status: str, content: Content | None = None):
        super().__init__(status)
        self.status = status
        self.content = content


class Attempts:
    """How often each image has failed on purpose; forgotten when the faults that decide it change."""

    def __init__(self):
        self._lock = threading.Lock()
        self._rule: tuple = ()
        self._failed: collections.Counter[str] = collections.Counter()

    def must_fail(self, uri: str, now: Faults) -> bool:
        """Whether this call is one of the first `retryable_attempts` of an image of the chosen share."""
        rule = (now.seed, now.retryable_share, now.retryable_attempts)
        digest = hashlib.sha256(f"{now.seed}:{uri}".encode()).digest()
        chosen = int.from_bytes(digest[:8]) / 2**64 < now.retryable_share
        with self._lock:
            if rule != self._rule:
                self._rule, self._failed = rule, collections.Counter()
            if not chosen or self._failed[uri] >= now.retryable_attempts:
                return False
            self._failed[uri] += 1
            return True


_attempts = Attempts()
_load_lock = threading.Lock()
_busy = threading.BoundedSemaphore(4)  # calls at work, over all jobs; more threads only wait for one another


def local_model() -> model.LocalModel:
    """The model that serves all endpoints here; loaded once, at first use or by `warm_up`."""
    with _load_lock:
        return model.load()


def warm_up():
    """Load the model in the background, so that the first query does not wait for it."""
    threading.Thread(target=local_model, name="load-model", daemon=True).start()


class EmbeddingService:
    """Calls on behalf of one job and one model; safe to use from many threads."""

    def __init__(
        self, job_id: str, model_name: str, endpoint: str, facts: limits.EmbeddingModel, dimension: int
    ):
        self.job_id = job_id
        self.model_name = model_name
        self.endpoint = endpoint
        self.facts = facts
        self.space = SPACES[facts.endpoint]
        self.dimension = dimension
        self.pool = quota.pool(model_name.split(".")[0], facts.endpoint)

    def embed_image(self, uri: str | None, generation: int | None) -> Answer:
        """Embed the object at a gs:// uri: this generation of it, or with None what it is now."""
        if uri is None:
            return Answer(None, limits.STATUS_NULL)
        if faults.current().reads_newest_generation:
            generation = None
        return self._call(Content("image", uri, b""), uri, lambda: _read_image(uri, generation, self.facts))

    def embed_text(self, text: str | None, _: None) -> Answer:
        """Embed a text; there is only one of it."""
        if text is None:
            return Answer(None, limits.STATUS_NULL)
        return self._call(Content("text", None, b""), text, lambda: _read_text(text, self.facts))

    def _call(self, content: Content, row: str, read) -> Answer:
        """`content` is what is known before reading; `row` tells rows apart: the uri or the text."""
        now = faults.current()
        vector, status = None, limits.STATUS_OK
        try:
            self._admit(row, now)
            if now.in_outage():
                raise Refused(_exhausted(row, now))
            with _busy:
                content = read()
                vector = self._vector(content, now)
        except Refused as refused:
            status, content = refused.status, refused.content or content
        self._record(content, status, now)
        return Answer(vector, status)

    def _admit(self, row: str, now: Faults):
        for wait in (*SERVICE_RETRY_WAITS_SECONDS, 0.0):
            if self.pool.take(now.requests_per_minute):
                time.sleep(now.model_latency_seconds)
                return
            time.sleep(wait)
        raise Refused(_exhausted(row, now))

    def _vector(self, content: Content, now: Faults) -> np.ndarray:
        if content.uri in now.terminal_uris:
            raise Refused(limits.STATUS_IMAGE_REFUSED)
        if content.kind == "image" and _attempts.must_fail(content.uri, now):
            raise Refused(_exhausted(content.uri, now))
        content = _shortened(content, self.facts.text_tokens)
        if now.hash_model:
            return _hash_vector(content, self.dimension)
        try:
            return self.space.vector(_model_vector(content), self.dimension)
        except model.ImageError as error:
            raise Refused(limits.STATUS_IMAGE_BROKEN.format(reason=str(error).rstrip("."))) from error

    def _record(self, content: Content, status: str, now: Faults):
        retryable = status.startswith(limits.STATUS_RETRYABLE_PREFIX)
        call = Call(
            job_id=self.job_id,
            model=self.model_name,
            endpoint=self.endpoint,
            served_by=HASH_MODEL_ID if now.hash_model else self.space.id,
            kind=content.kind,
            uri=content.uri,
            content_sha256=content.sha256 if content.data else "",
            outcome="ok" if status == limits.STATUS_OK else "retryable" if retryable else "terminal",
            status=status,
        )
        ledger().record(call)


def _model_vector(content: Content) -> np.ndarray:
    if content.kind == "image":
        return local_model().embed_image(content.data)
    return local_model().embed_text(content.data.decode())


def _hash_vector(content: Content, dimension: int) -> np.ndarray:
    """A stand-in for load tests: a unit vector that depends on nothing but the content."""
    seed = int.from_bytes(hashlib.sha256(content.data).digest()[:8])
    vector = np.random.default_rng(seed).standard_normal(dimension, dtype=np.float32)
    return vector / np.linalg.norm(vector)


def _exhausted(row: str, now: Faults) -> str:
    """The usual retryable status, or with `retryable_texts` "all" the one of all that falls to this row."""
    if now.retryable_texts == "first":
        return limits.STATUS_RESOURCE_EXHAUSTED
    digest = hashlib.sha256(f"{now.seed}:text:{row}".encode()).digest()
    return limits.STATUSES_RETRYABLE[digest[0] % len(limits.STATUSES_RETRYABLE)]


def _shortened(content: Content, tokens: int) -> Content:
    """What the model sees of a long text; the ledger knows the whole."""
    words = content.data.split() if content.kind == "text" else []
    if len(words) <= tokens:
        return content
    return replace(content, data=b" ".join(words[:tokens]))


def _read_text(text: str, facts: limits.EmbeddingModel) -> Content:
    content = Content("text", None, text.encode())
    if facts.text_bytes is not None and len(content.data) > facts.text_bytes:
        raise Refused(limits.STATUS_TEXT_TOO_LONG, content)
    return content


def _read_image(uri: str, generation: int | None, facts: limits.EmbeddingModel) -> Content:
    try:
        answer = gcs.read(uri, facts.image_bytes, generation)
    except gcs.ObjectError as error:
        raise Refused(_unreadable(uri, error.code)) from error
    if answer.data is None:
        raise Refused(limits.STATUS_IMAGE_TOO_LARGE.format(size=answer.size, limit=facts.image_bytes))
    content = Content("image", uri, answer.data)
    if answer.content_type.startswith("video/"):
        raise Refused(limits.STATUS_VIDEO, content)
    if answer.content_type not in (*facts.image_types, limits.UNKNOWN_CONTENT_TYPE, ""):
        raise Refused(limits.STATUS_IMAGE_TYPE.format(content_type=answer.content_type), content)
    if answer.content_type in UNREADABLE_TYPES:
        raise Refused(limits.STATUS_NOT_READ.format(content_type=answer.content_type), content)
    return content


def _unreadable(uri: str, code: int) -> str:
    if code == 0 or code >= 500:
        return limits.STATUS_UNAVAILABLE
    return limits.STATUS_OBJECT_UNREADABLE.format(uri=uri, code=code)
