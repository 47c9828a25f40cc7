"""Registers Vitrine with Airflow. Every task process imports this file, so keep it light."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from vitrine.web.strangers import RefuseStrangers, everyone_is_admin


async def app(scope: Any, receive: Any, send: Any) -> None:
    """The web app, imported on the first request so that task processes never load FastAPI."""
    from vitrine.web.app import app as web_app

    # The app around this one: the pages ask its REST API (vitrine.web.nights).
    await web_app({**scope, "airflow": scope.get("app")}, receive, send)


class VitrinePlugin(AirflowPlugin):
    """Vitrine's pages under /vitrine, and their entry in Airflow's navigation."""

    name = "vitrine"
    fastapi_apps = [{"app": app, "url_prefix": "/vitrine", "name": "Vitrine"}]
    fastapi_root_middlewares = (
        [{"middleware": RefuseStrangers, "args": [], "kwargs": {}, "name": "Refuse strangers"}]
        if everyone_is_admin()
        else []
    )
    external_views = [
        {
            # Airflow's navigation cuts what is longer than ten letters or so.
            "name": "Images",
            # Relative to Airflow's own address, so that it also works where Airflow is served below a path,
            # as on Astro.
            "href": "vitrine/",
            "destination": "nav",
            "url_route": "image-search",
            "icon": "vitrine/_static/icon.svg",
            "icon_dark_mode": "vitrine/_static/icon-dark.svg",
            "nav_top_level": True,
        },
        {
            # A tab on the page of each run: the gallery of a search, the health of what a night has embedded.
            # Airflow shows it on the runs of every DAG.
            "name": "Vitrine",
            "href": "vitrine/_runs/{DAG_ID}/{RUN_ID}",
            "destination": "dag_run",
            "url_route": "vitrine-run",
            "icon": "vitrine/_static/icon.svg",
            "icon_dark_mode": "vitrine/_static/icon-dark.svg",
        },
    ]
