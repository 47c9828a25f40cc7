"""Registers Vitrine with Airflow. Every task process imports this file, so it stays light."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin


async def app(scope: Any, receive: Any, send: Any) -> None:
    """The web app, imported when the first request comes: task processes never pay for FastAPI."""
    from vitrine.web.app import app as web_app

    await web_app(scope, receive, send)


class VitrinePlugin(AirflowPlugin):
    """Vitrine's pages under /vitrine."""

    name = "vitrine"
    fastapi_apps = [{"app": app, "url_prefix": "/vitrine", "name": "Vitrine"}]
