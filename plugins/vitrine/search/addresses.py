"""Where the pages of searches are."""

from __future__ import annotations

import re
from hashlib import sha256
from urllib.parse import urljoin, urlsplit

from airflow.sdk.configuration import conf


def page_name(dag_id: str, run_id: str) -> str:
    """File name of a run's gallery.

    The hash keeps names distinct after characters have been replaced or cut off: a file name has at most 255
    characters, and a run id can have 250.
    """
    readable = "-".join(re.sub(r"\W", "_", part, flags=re.ASCII) for part in (dag_id, run_id))
    return f"{readable[:200]}-{sha256(run_id.encode()).hexdigest()[:8]}.html"


def below_airflow(path: str) -> str:
    """The path, with the prefix below which Airflow is served, if any (as on Astro)."""
    base_url: str = conf.get("api", "base_url", fallback="")
    return urlsplit(base_url).path.rstrip("/") + path


def on_airflow(path: str) -> str:
    """The path of `below_airflow` as a whole address, if Airflow knows its own."""
    base_url: str = conf.get("api", "base_url", fallback="")
    return urljoin(base_url, path)
