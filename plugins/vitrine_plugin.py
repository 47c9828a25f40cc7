"""Registers Vitrine with Airflow. Every task process imports this file, so it stays light."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin


async def app(scope: Any, receive: Any, send: Any) -> None:
    """The web app, imported when the first request comes: task processes never pay for FastAPI."""
    from vitrine.web.app import app as web_app

    await web_app(scope, receive, send)


class VitrinePlugin(AirflowPlugin):
    """Vitrine's pages under /vitrine, and their place in Airflow's navigation."""

    name = "vitrine"
    fastapi_apps = [{"app": app, "url_prefix": "/vitrine", "name": "Vitrine"}]
    external_views = [
        {
            "name": "Image search",
            # Relative to Airflow's own address, so that it is right below a path, too, as on Astro.
            "href": "vitrine/",
            "destination": "nav",
            "url_route": "image-search",
            "icon": "vitrine/_static/icon.svg",
            "icon_dark_mode": "vitrine/_static/icon-dark.svg",
            "nav_top_level": True,
        }
    ]
