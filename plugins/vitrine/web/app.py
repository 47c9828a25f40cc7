"""The pages Vitrine adds to Airflow's web server, behind Airflow's own login."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from vitrine.collection import load
from vitrine.search.addresses import below_airflow
from vitrine.search.write_gallery import gallery_address, gallery_path
from vitrine.web import duplicates, facets, health, search, thumbnails, tiles
from vitrine.web.chosen import ChosenCollection
from vitrine.web.pages import EXPECTED, HEADERS, Problem, explain, page

# A gallery contains its pictures and runs no script, so hostile object names stay text.
GALLERY_HEADERS = {"Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'"}

SEARCH_DAGS = ("search_images", "search_saved_queries")
COLLECTION_DAGS = ("embed_images", "maintain_vector_index", "setup_image_search")

# Without FastAPI's documentation pages, which would not require a login.
app = FastAPI(
    title="Vitrine", openapi_url=None, dependencies=[Depends(requires_access_view(AccessView.PLUGINS))]
)
for part in (search, facets, duplicates, tiles, health, thumbnails):
    app.include_router(part.router, prefix="/{name}")


class OwnFiles(StaticFiles):
    """Stylesheet and scripts: need no login, and are revalidated on each request."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """The file; a browser revalidates its copy before it uses it."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


# No collection can have this name.
app.mount("/_static", OwnFiles(directory=Path(__file__).parent / "static"))


@app.exception_handler(HTTPException)
async def log_in(request: Request, error: HTTPException) -> Response:
    """Send people who are not logged in to Airflow's login page, which returns them to where they were."""
    if error.status_code == 401 and "text/html" in request.headers.get("accept", ""):
        login = get_auth_manager().get_url_login()
        return RedirectResponse(f"{login}?{urlencode({'next': str(request.url)})}")
    return await http_exception_handler(request, error)


async def say(request: Request, error: Exception) -> Response:
    """Explain an expected error on a page of its own, where no other page does."""
    problem = explain(error, asked="Cloud Storage")
    if "text/html" in request.headers.get("accept", ""):
        return page("problem.html", problem=problem)
    return PlainTextResponse(problem.sentence, problem.status, headers=HEADERS)


for expected in EXPECTED:
    app.add_exception_handler(expected, say)


@app.get("/")
def first_collection(request: Request) -> RedirectResponse:
    """The search page of the first collection, with the search of the address."""
    search = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{load().collections[0].name}/{search}")


@app.get("/_runs/{dag_id}/{run_id:path}")
def of_run(dag_id: str, run_id: str) -> Response:
    """What there is to see of a run: the gallery of a search, the map, or the health of the collection."""
    for collection in load().every_model:
        if dag_id in map(collection.dag_id, SEARCH_DAGS):
            return RedirectResponse(gallery_address(collection, dag_id, run_id))
        if dag_id in map(collection.dag_id, COLLECTION_DAGS):
            return RedirectResponse(below_airflow(f"/vitrine/{collection.name}/health"))
        if dag_id == collection.dag_id(tiles.MAP_DAG):
            return RedirectResponse(below_airflow(f"/vitrine/{collection.name}/map"))
    return page("problem.html", problem=Problem(f"{dag_id} is no DAG of Vitrine's.", 404))


# Where a page of one collection would be, but for the name.
app.get("/health")(health.overview)


@app.get("/{name}/galleries/{file}", response_class=HTMLResponse)
def gallery(collection: ChosenCollection, file: str) -> HTMLResponse:
    """A gallery written by a run. 404 for anything else."""
    path = gallery_path(collection) / file
    files = path.fs  # raises if the connection is broken, which must not look like a missing page
    if re.fullmatch(r"[A-Za-z0-9_-]+\.html", file):
        with suppress(FileNotFoundError):
            return HTMLResponse(files.read_text(path.path, encoding="utf-8"), headers=GALLERY_HEADERS)
    raise HTTPException(404, f"There is no gallery {file!r}. Run search_images to write one.")
