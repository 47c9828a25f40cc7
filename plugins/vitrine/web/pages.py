"""Rendering of pages, and errors explained in a sentence."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, NamedTuple

from airflow.sdk.exceptions import AirflowException
from fastapi.responses import HTMLResponse
from google.api_core.exceptions import Forbidden, GoogleAPICallError, GoogleAPIError, NotFound, RetryError
from google.auth.exceptions import GoogleAuthError
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from requests.exceptions import RequestException

from vitrine import limits
from vitrine.collection import Collection, load
from vitrine.errors import InputError, RefusedError, VitrineError
from vitrine.search.addresses import below_airflow
from vitrine.web.thumbnails import enlarged_address, thumbnail_address

log = logging.getLogger(__name__)


def shortly(number: int) -> str:
    """A power of ten, for the scale of a chart.

    >>> shortly(100), shortly(10_000), shortly(1_000_000)
    ('100', '10 k', '1 M')
    """
    for size, unit in ((10**6, " M"), (10**3, " k")):
        if number >= size:
            return f"{number // size}{unit}"
    return str(number)


TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.globals |= {
    "thumbnail_address": thumbnail_address,
    "enlarged_address": enlarged_address,
    "percent": lambda share: "–" if share is None else f"{share * 100:.1f} %",
    "dollars": lambda amount: "–" if amount is None else f"${amount:,.2f}",
    "shortly": shortly,
    "usd_per_tib": limits.QUERY_USD_PER_TIB,
}

# Our own files only, so a hostile object name or status stays harmless even if escaping were forgotten.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
# Errors that pages explain; anything else is a bug and a plain 500. AirflowException: the connection is
# missing or its key is not JSON. OSError: its key file cannot be read, or the network fails.
EXPECTED = (VitrineError, AirflowException, GoogleAPIError, GoogleAuthError, OSError)


class Problem(NamedTuple):
    """What went wrong and what to do, in a sentence, with the HTTP status."""

    sentence: str
    status: int


def explain(error: Exception, asked: str = "BigQuery") -> Problem:
    """Explain one of the EXPECTED errors; `asked` is the service that should have answered."""
    if isinstance(error, VitrineError):
        return Problem(str(error), {InputError: 400, RefusedError: 502}.get(type(error), 500))
    log.warning("%s did not answer: %s", asked, error)
    if isinstance(error, NotFound):
        return Problem(f"{_words(error)} Run the DAG setup_image_search first, then embed_images.", 404)
    if isinstance(error, Forbidden):
        return Problem(
            f"{_words(error)} The Airflow connection needs this permission: ask your administrator.", 502
        )
    if isinstance(error, GoogleAPICallError):
        return Problem(_words(error), 502)
    if isinstance(error, RetryError | RequestException):
        return Problem(
            f"{asked} cannot be reached. Try again in a minute. If you use the emulator, check that it is "
            "running (make up).",
            503,
        )
    if isinstance(error, TimeoutError):
        return Problem(f"{asked} did not answer in time. Try again, or search fewer pictures.", 504)
    return Problem("Airflow's connection to Google Cloud does not work: ask your administrator.", 502)


def _words(error: GoogleAPICallError) -> str:
    """BigQuery's own message, without the request URL before it and the job id after it."""
    first = error.errors[0].get("message") if error.errors else error.message
    return str(first or error.message).strip().split("\n")[0].rstrip(".") + "."


def page(
    template: str, *, collection: Collection | None = None, problem: Problem | None = None, **values: Any
) -> HTMLResponse:
    """Render a page. All texts are escaped: object names, statuses and search words are untrusted.

    :param collection: the collection the page is about; None if it is about none.
    """
    collections = [other.name for other in load().collections] if collection else []
    html = TEMPLATES.get_template(template).render(
        problem=problem,
        collection=collection,
        collections=collections,
        static=below_airflow("/vitrine/_static"),
        **values,
    )
    return HTMLResponse(html, status_code=problem.status if problem else 200, headers=HEADERS)
