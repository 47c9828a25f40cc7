"""Every request gets an answer in BigQuery's shape, whatever was sent and wherever it fails."""

import gzip
import logging
import zlib
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.responses import JSONResponse
from local_bigquery import app
from local_bigquery.api import jobs, routines
from local_bigquery.errors import BigQueryError, from_exception
from starlette.exceptions import HTTPException

from bqml_emulator.api import faults
from bqml_emulator.engine import full_disk

AFTER = (faults,)  # which it stands around, too
MAX_INTEGER = 2**63 - 1
COUNTS = ("maxResults", "startIndex", "pageToken", "timeoutMs")  # what our pages start and end with
BROKEN_BODIES = (gzip.BadGzipFile, EOFError, zlib.error, UnicodeError)
REASONS = {404: "notFound", 405: "httpMethodNotAllowed"}  # of requests that no method of the API answers
log = logging.getLogger(__name__)


def _answer(error: BigQueryError) -> JSONResponse:
    return JSONResponse(error.response(), status_code=error.code)


def _without_route(request: Request, error: HTTPException) -> JSONResponse:
    proto = {
        "reason": REASONS.get(error.status_code, "badRequest"),
        "message": error.detail,
        "domain": "global",
    }
    body = {
        "code": error.status_code,
        "message": error.detail,
        "errors": [proto],
        "status": "INVALID_ARGUMENT",
    }
    return JSONResponse({"error": body}, status_code=error.status_code, headers=error.headers)


def check_request(scope: dict):
    """Numbers of pages and rows are whole, not negative and fit into 64 bits; an upload says what it is."""
    for name, value in parse_qsl(scope["query_string"].decode("latin-1")):
        if name in COUNTS and not (value.isascii() and value.isdigit() and int(value[:20]) <= MAX_INTEGER):
            raise BigQueryError("invalid", f"Invalid value for {name}: {value[:100]}")
    headers = dict(scope["headers"])
    if scope["path"].startswith("/upload/") and b"content-type" not in headers and scope["method"] == "POST":
        raise BigQueryError("invalid", "Required: header Content-Type")


class Answered:
    """Middleware: an exception is an answer, too; Starlette would close the connection after it."""

    def __init__(self, inner):
        self.inner = inner

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        started = False

        async def sending(message):
            nonlocal started
            started = True
            await send(message)

        try:
            check_request(scope)
            await self.inner(scope, receive, sending)
        except Exception as error:
            if started:
                raise
            await _answer(_as_bigquery(error))(scope, receive, send)


def _as_bigquery(error: Exception) -> BigQueryError:
    if isinstance(error, BROKEN_BODIES):
        return BigQueryError("invalid", f"Invalid request body: {error}")
    if isinstance(error, UnicodeDecodeError):
        return BigQueryError("invalidQuery", "A STRING of the result is not valid UTF-8")
    found = full_disk.as_error(error) or from_exception(error)
    if found.reason == "dontRetry":
        log.error(found.message, exc_info=error)
    return found


def install():
    """Stand around the whole REST API."""
    results, define = jobs.results, routines.define

    def results_of_queries(job, *page):
        if not job.configuration.query:
            raise BigQueryError("invalid", f"Job {job.id} is not a query job: it has no results")  # ours
        return results(job, *page)

    def define_named(project_id, dataset_id, routine_id, *body):
        if not routine_id:  # as local-bigquery says it of tables
            raise BigQueryError("invalid", "Required parameter is missing: routineId")
        return define(project_id, dataset_id, routine_id, *body)

    jobs.results, routines.define = results_of_queries, define_named
    app.add_exception_handler(HTTPException, _without_route)
    app.add_middleware(Answered)
