"""API requests that fail although nothing is wrong with them, as every client of BigQuery meets them."""

import hashlib
import threading

from fastapi import Request
from fastapi.responses import JSONResponse
from local_bigquery import app
from local_bigquery.errors import BigQueryError

from bqml_emulator.api import admin
from bqml_emulator.core import faults, limits
from bqml_emulator.core.faults import Faults


class Sequence:
    """The API requests since the fault was set; which of them fail follows from the seed alone."""

    def __init__(self):
        self._lock = threading.Lock()
        self._rule: tuple = ()
        self._count = 0

    def next_error(self, now: Faults) -> int | None:
        """The HTTP status that this request must get, or None."""
        rule = (now.seed, now.http_errors)
        with self._lock:
            if rule != self._rule:
                self._rule, self._count = rule, 0
            self._count += 1
            digest = hashlib.sha256(f"{now.seed}:http:{self._count}".encode()).digest()
        if int.from_bytes(digest[:8]) / 2**64 >= now.http_errors:
            return None
        return list(limits.HTTP_ERRORS)[digest[8] % len(limits.HTTP_ERRORS)]


_sequence = Sequence()


def _answer(code: int) -> JSONResponse:
    reason, status, message = limits.HTTP_ERRORS[code]
    proto = BigQueryError(reason, message).proto() | {"domain": "global"}
    error = {"code": code, "message": message, "errors": [proto], "status": status}
    return JSONResponse({"error": error}, status_code=code)


async def fail_some(request: Request, call_next):
    """Middleware: a request answered 503 was carried out and its answer lost, the other ones never began."""
    now = faults.current()
    if not now.http_errors or request.url.path.startswith(admin.router.prefix):
        return await call_next(request)
    code = _sequence.next_error(now)
    if code is None:
        return await call_next(request)
    if code == limits.HTTP_UNCLEAR:
        await call_next(request)
    return _answer(code)


def install():
    """Stand in front of the whole REST API."""
    app.middleware("http")(fail_some)
