"""The pages Vitrine adds to Airflow's web server, behind Airflow's own login."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from vitrine.collection import load
from vitrine.search.write_gallery import gallery_path
from vitrine.web import health, search, thumbnails
from vitrine.web.chosen import ChosenCollection
from vitrine.web.pages import EXPECTED, HEADERS, explain, page

# A gallery shows pictures that are inside it and runs nothing: hostile object names stay text.
GALLERY_HEADERS = {"Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'"}

# Without FastAPI's own pages, which would not be behind the login.
app = FastAPI(
    title="Vitrine", openapi_url=None, dependencies=[Depends(requires_access_view(AccessView.PLUGINS))]
)
for router in (search.router, health.router, thumbnails.router):
    app.include_router(router, prefix="/{name}")


class OwnFiles(StaticFiles):
    """Style and script, for everybody; a browser asks each time whether they are still the same."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """The file, never from a browser's cache alone."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


# No collection has such a name.
app.mount("/_static", OwnFiles(directory=Path(__file__).parent / "static"))


@app.exception_handler(HTTPException)
async def log_in(request: Request, error: HTTPException) -> Response:
    """Whoever opens a page without being logged in goes to Airflow's login, and comes back."""
    if error.status_code == 401 and "text/html" in request.headers.get("accept", ""):
        login = get_auth_manager().get_url_login()
        return RedirectResponse(f"{login}?{urlencode({'next': str(request.url)})}")
    return await http_exception_handler(request, error)


async def say(request: Request, error: Exception) -> Response:
    """What the pages expect to go wrong, as a sentence, where there is no page to show it on."""
    problem = explain(error, asked="Cloud Storage")
    if "text/html" in request.headers.get("accept", ""):
        return page("problem.html", problem=problem)
    return PlainTextResponse(problem.sentence, problem.status, headers=HEADERS)


for expected in EXPECTED:
    app.add_exception_handler(expected, say)


@app.get("/")
def first_collection() -> RedirectResponse:
    """The search page of the first collection."""
    return RedirectResponse(f"{load().collections[0].name}/")


@app.get("/{name}/galleries/{file}", response_class=HTMLResponse)
def gallery(collection: ChosenCollection, file: str) -> HTMLResponse:
    """A page that a run has written. 404 for anything else."""
    path = gallery_path(collection) / file
    files = path.fs  # fails where the connection does: that is another matter than a page that is not there
    if re.fullmatch(r"[A-Za-z0-9_-]+\.html", file):
        with suppress(FileNotFoundError):
            return HTMLResponse(files.read_text(path.path, encoding="utf-8"), headers=GALLERY_HEADERS)
    raise HTTPException(404, f"There is no gallery {file!r}. Run search_images to write one.")
