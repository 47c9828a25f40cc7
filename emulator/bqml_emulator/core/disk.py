"""A full disk: how the parts of the emulator see it, and what they say of it."""

import errno
import sqlite3

FULL = "the emulator's disk is full: {what}; free some room and try again"
ERRNOS = {errno.ENOSPC, errno.EDQUOT}
# How DuckDB, which hands on no numbers, ends its message: strerror(ENOSPC) and strerror(EDQUOT).
TEXTS = ("No space left on device", "Disk quota exceeded")


def is_full(error: BaseException) -> bool:
    """Whether an exception, or the one it came from, says that there is no room left on the disk."""
    if isinstance(error, OSError) and error.errno in ERRNOS:
        return True
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0)
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE):
            return True
    if any(text in str(error) for text in TEXTS):
        return True
    return error.__cause__ is not None and is_full(error.__cause__)


def message(what: object) -> str:
    """What a client is told; `what` is what could not be written."""
    return FULL.format(what=what)
