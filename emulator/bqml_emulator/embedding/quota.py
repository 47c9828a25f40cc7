"""How much embedding a project may do: requests a minute, rows a job, jobs at a time (BQ/quotas)."""

import collections
import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from bqml_emulator.core import limits
from bqml_emulator.core.faults import Faults

WINDOW_SECONDS = 60.0
POLL_SECONDS = 0.1  # between two looks at whether a waiting job was cancelled


class RequestPool:
    """Requests of the last minute, shared by all jobs of a project."""

    def __init__(self):
        self._lock = threading.Lock()
        self._times: collections.deque[float] = collections.deque()

    def take(self, per_minute: int | None) -> bool:
        """Whether one more request fits now; if so it is counted."""
        if per_minute is None:
            return True
        with self._lock:
            now = time.monotonic()
            while self._times and self._times[0] <= now - WINDOW_SECONDS:
                self._times.popleft()
            if len(self._times) >= per_minute:
                return False
            self._times.append(now)
            return True


_pools: dict[tuple[str, str], RequestPool] = collections.defaultdict(RequestPool)
_slots: dict[str, threading.BoundedSemaphore] = collections.defaultdict(
    lambda: threading.BoundedSemaphore(limits.CONCURRENT_EMBEDDING_JOBS)
)


def pool(project_id: str, base_model: str) -> RequestPool:
    """The requests of a project to a base model; the same for all its jobs."""
    return _pools[(project_id, base_model)]


def rows_per_job(now: Faults, model: limits.EmbeddingModel) -> int:
    """Rows of one job that are called; the others get limits.STATUS_ROWS_PER_JOB."""
    if now.rows_per_job is not None:
        return now.rows_per_job
    # without any quota the requests themselves are refused, and say so
    return (now.requests_per_minute or model.requests_per_minute) * limits.ROWS_PER_JOB_MINUTES


@contextlib.contextmanager
def job_slot(project_id: str, check_cancelled: Callable[[], None]) -> Iterator[None]:
    """Wait, still RUNNING, until fewer than 5 jobs of the project embed; `check_cancelled` may raise."""
    slots = _slots[project_id]
    while not slots.acquire(timeout=POLL_SECONDS):
        check_cancelled()
    try:
        yield
    finally:
        slots.release()
