"""Faults and service conditions that can be set while the emulator runs; a restart brings the defaults."""

import dataclasses
import threading
import time
from dataclasses import dataclass
from typing import Any

from local_bigquery.errors import BigQueryError


@dataclass(frozen=True)
class Faults:
    """What the emulated services do wrong, or slowly. Defaults: nothing, except that an index takes 2 s."""

    requests_per_minute: int | None = None
    rows_per_job: int | None = None
    retryable_share: float = 0.0
    retryable_attempts: int = 1
    retryable_texts: str = "first"
    terminal_uris: tuple[str, ...] = ()
    poison_uris: tuple[str, ...] = ()
    outage: bool | tuple = False
    dying_jobs: str | None = None
    stuck_jobs: str | None = None
    slow_jobs_seconds: float = 0.0
    http_errors: float = 0.0
    model_latency_seconds: float = 0.0
    held_uris: tuple[str, ...] = ()
    reads_newest_generation: bool = False
    index_build_seconds: float = 2.0
    permission_propagation_seconds: float = 0.0
    hash_model: bool = False
    seed: int = 0
    disable_vector_indexes: str | None = None
    organization_index_limit_bytes: int | None = None
    background_reservation: bool = False
    denied_permissions: tuple[str, ...] = ()
    disabled_services: tuple[str, ...] = ()
    outage_set_at: float = 0.0  # monotonic seconds; not a key of its own

    def in_outage(self) -> bool:
        """Whether the service behind the models is away at this moment."""
        if isinstance(self.outage, bool):
            return self.outage
        elapsed = time.monotonic() - self.outage_set_at
        return any(start <= elapsed < end for start, end in self.outage)

    def kills(self, job_id: str | None) -> bool:
        """Whether the job of this id has to die."""
        return bool(self.dying_jobs and job_id and self.dying_jobs in job_id)

    def holds(self, job_id: str | None) -> bool:
        """Whether the job of this id must not get on."""
        return bool(self.stuck_jobs and job_id and self.stuck_jobs in job_id)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_seconds(value: Any) -> bool:
    return _is_number(value) and 0 <= value < float("inf")


def _is_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(text, str) for text in value)


def _is_text_or_null(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value != "")


def _is_outage(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, list | tuple) and all(map(_is_window, value)))


def _is_window(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(map(_is_seconds, value))


RULES = {
    "requests_per_minute": (lambda v: v is None or _is_count(v), "null or a whole number of at least 0"),
    "rows_per_job": (
        lambda v: v is None or _is_count(v),
        "null (360 times the requests per minute) or a whole number of at least 0",
    ),
    "retryable_share": (lambda v: _is_number(v) and 0 <= v <= 1, "a number between 0 and 1"),
    "retryable_attempts": (_is_count, "a whole number of at least 0"),
    "retryable_texts": (lambda v: v in ("first", "all"), '"first" or "all"'),
    "terminal_uris": (_is_texts, "a list of strings"),
    "poison_uris": (_is_texts, "a list of strings"),
    "outage": (_is_outage, "true, false or a list of [from, to] in seconds after it is set"),
    "dying_jobs": (_is_text_or_null, "null or a text that the ids of the dying jobs contain"),
    "stuck_jobs": (_is_text_or_null, "null or a text that the ids of the stuck jobs contain"),
    "slow_jobs_seconds": (_is_seconds, "a number of seconds of at least 0"),
    "http_errors": (lambda v: _is_number(v) and 0 <= v <= 1, "a number between 0 and 1"),
    "model_latency_seconds": (_is_seconds, "a number of seconds of at least 0"),
    "held_uris": (_is_texts, "a list of strings"),
    "reads_newest_generation": (lambda v: isinstance(v, bool), "true or false"),
    "index_build_seconds": (_is_seconds, "a number of seconds of at least 0"),
    "permission_propagation_seconds": (_is_seconds, "a number of seconds of at least 0"),
    "hash_model": (lambda v: isinstance(v, bool), "true or false"),
    "seed": (lambda v: isinstance(v, int) and not isinstance(v, bool), "a whole number"),
    "disable_vector_indexes": (_is_text_or_null, "null or the disable_reason that every vector index shows"),
    "organization_index_limit_bytes": (
        lambda v: v is None or _is_count(v),
        "null (BigQuery's 6 TB) or a whole number of bytes of at least 0",
    ),
    "background_reservation": (lambda v: isinstance(v, bool), "true or false"),
    "denied_permissions": (_is_texts, "a list of strings"),
    "disabled_services": (_is_texts, "a list of strings"),
}
_lock = threading.Lock()
_current = Faults()


def current() -> Faults:
    """The conditions in force now; read it once per decision."""
    return _current


def update(changes: Any) -> Faults:
    """Merge the given keys; BigQueryError (400) names an unknown key or a bad value and nothing changes."""
    global _current  # noqa: PLW0603  one set of conditions for the process, swapped whole under a lock
    if not isinstance(changes, dict):
        raise BigQueryError("invalid", "Faults must be a JSON object of key and value")
    for key, value in changes.items():
        if key not in RULES:
            raise BigQueryError("invalid", f"Unknown fault {key!r}. Known: {', '.join(sorted(RULES))}")
        accepts, wanted = RULES[key]
        if not accepts(value):
            raise BigQueryError("invalid", f"Fault {key} must be {wanted}, not {value!r}")
    with _lock:
        lists = {key: tuple(value) for key, value in changes.items() if isinstance(value, list)}
        moment = {"outage_set_at": time.monotonic()} if "outage" in changes else {}
        _current = dataclasses.replace(_current, **{**changes, **lists, **moment})
        return _current


def as_json(faults: Faults) -> dict:
    """The JSON object that GET and PUT /emulator/faults answer."""
    values = dataclasses.asdict(faults)
    return {key: values[key] for key in values if key in RULES}
