"""The pages Vitrine adds to Airflow's web server, behind Airflow's own login."""

from __future__ import annotations

import re

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import HTMLResponse

from vitrine.operators.write_gallery import gallery_path
from vitrine.settings import load

app = FastAPI(title="Vitrine", dependencies=[Depends(requires_access_view(AccessView.PLUGINS))])

# A page shows pictures that are inside it and runs nothing: hostile object names stay text.
PAGE_HEADERS = {"Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'"}


@app.get("/galleries/{page}", response_class=HTMLResponse)
def gallery(page: str) -> HTMLResponse:
    """A page that search_images has written. 404 for anything else."""
    settings = load()
    path = gallery_path(settings.gallery, settings.gcp_conn_id) / page
    if not re.fullmatch(r"[A-Za-z0-9_-]+\.html", page) or not path.is_file():
        raise HTTPException(404, f"There is no gallery {page!r}. Run search_images to write one.")
    return HTMLResponse(path.read_text(encoding="utf-8"), headers=PAGE_HEADERS)
