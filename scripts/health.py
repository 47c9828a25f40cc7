"""Whether the parts of the stack answer: for `make up`, the tests and the containers' health checks alike.

`python -m scripts.health <address of the API server> <component>` ends with 0 when that component is healthy.
"""

import json
import sys
import urllib.request
from typing import Any


def get_json(url: str) -> dict[str, Any] | None:
    """Answer the JSON at `url`, or None where nobody answers properly (yet)."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            found: dict[str, Any] = json.load(response)
            return found
    except (OSError, ValueError):
        return None


def airflow_is_healthy(url: str, component: str) -> bool:
    """Say what the API server at `url` says of metadatabase, scheduler, dag_processor or triggerer."""
    health = get_json(f"{url}/api/v2/monitor/health") or {}
    return (health.get(component) or {}).get("status") == "healthy"


def emulator_is_healthy(bigquery_url: str, storage_url: str, project: str) -> bool:
    """Say whether the embedded BigQuery and its object storage both answer."""
    urls = (
        f"{bigquery_url}/bigquery/v2/projects/{project}/datasets",
        f"{storage_url}/storage/v1/b?project={project}",
    )
    return all(get_json(url) is not None for url in urls)


if __name__ == "__main__":
    sys.exit(not airflow_is_healthy(*sys.argv[1:]))
