"""The ledger: one row for every call of the model, on disk before the call's result is used.

It is how "never pay twice" is proved, so it is kept apart from BigQuery's own state: no SQL statement and no
rolled back transaction can change it, and it survives `kill -9`.
"""

import sqlite3
import threading
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, job_id TEXT NOT NULL, model TEXT NOT NULL,
    endpoint TEXT NOT NULL, served_by TEXT NOT NULL, kind TEXT NOT NULL, uri TEXT,
    content_sha256 TEXT NOT NULL, outcome TEXT NOT NULL, status TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS calls_by_image ON calls (uri, content_sha256)
WHERE kind = 'image' AND outcome = 'ok';
"""
SUMMARY = """
SELECT count(*), coalesce(sum(outcome = 'ok'), 0), coalesce(sum(outcome = 'retryable'), 0),
       coalesce(sum(outcome = 'terminal'), 0) FROM calls
"""
IMAGES = """
SELECT count(*), coalesce(max(n), 0) FROM
(SELECT count(*) AS n FROM calls WHERE kind = 'image' AND outcome = 'ok' GROUP BY uri, content_sha256)
"""


@dataclass(frozen=True)
class Call:
    """One call of the model. `kind` is image or text; `outcome` is ok, retryable or terminal; `status` is the
    row's status text; `content_sha256` is of the image's bytes or the text, '' when they were never read."""

    job_id: str
    model: str
    endpoint: str
    served_by: str
    kind: str
    uri: str | None
    content_sha256: str
    outcome: str
    status: str


INSERT = (
    f"INSERT INTO calls (time, {', '.join(f.name for f in fields(Call))}) "
    f"VALUES (?{', ?' * len(fields(Call))})"
)


class Ledger:
    """An append-only SQLite file, safe to use from many threads."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")  # safe against kill -9; no fsync per call
        self._connection.executescript(SCHEMA)

    def record(self, call: Call):
        """Append one call; it is on disk (in the operating system's hands) when this returns."""
        time = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        with self._lock:
            self._connection.execute(INSERT, (time, *astuple(call)))

    def page(self, after: int, limit: int) -> dict:
        """Calls with id > `after`, oldest first, at most `limit`; `next` is the `after` of the next page."""
        query = "SELECT * FROM calls WHERE id > ? ORDER BY id LIMIT ?"
        with self._lock:
            rows = [dict(row) for row in self._connection.execute(query, (after, limit + 1))]
        calls = rows[:limit]
        return {"calls": calls, "next": calls[-1]["id"] if len(rows) > limit else None}

    def summary(self) -> dict:
        """Counts by outcome, images embedded, and the largest number of successes of one image's content."""
        with self._lock:
            calls, ok, retryable, terminal = self._connection.execute(SUMMARY).fetchone()
            images, most = self._connection.execute(IMAGES).fetchone()
        return {
            "calls": calls,
            "ok": ok,
            "retryable": retryable,
            "terminal": terminal,
            "images_ok": images,
            "most_ok_per_image": most,
        }


_ledger: Ledger | None = None


def open_at(path: Path) -> Ledger:
    """Open the process's ledger; called once at start."""
    global _ledger  # noqa: PLW0603  one ledger for the process, opened once at start
    _ledger = Ledger(path)
    return _ledger


def ledger() -> Ledger:
    """The process's ledger."""
    if _ledger is None:
        raise RuntimeError("the ledger is opened by hooks.install()")
    return _ledger
