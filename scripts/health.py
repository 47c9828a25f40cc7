"""Health of the local stack: used by `make up` and the tests."""

import json
import urllib.request
from typing import Any


def get_json(url: str) -> dict[str, Any] | None:
    """Return the JSON at `url`, or None while there is no valid answer."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            found: dict[str, Any] = json.load(response)
            return found
    except (OSError, ValueError):
        return None


def airflow_is_healthy(url: str, component: str) -> bool:
    """Whether the API server reports metadatabase, scheduler, dag_processor or triggerer as healthy."""
    health = get_json(f"{url}/api/v2/monitor/health") or {}
    return (health.get(component) or {}).get("status") == "healthy"


def emulator_is_healthy(bigquery_url: str, storage_url: str, project: str) -> bool:
    """Whether the embedded BigQuery and its object storage both answer."""
    urls = (
        f"{bigquery_url}/bigquery/v2/projects/{project}/datasets",
        f"{storage_url}/storage/v1/b?project={project}",
    )
    return all(get_json(url) is not None for url in urls)
