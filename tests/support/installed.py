"""Vitrine as it is installed, without its checkout: run by the Python of another environment.

`python installed.py folder` prints as JSON what it found. `folder` has dags/ and collections.yaml; the environment
names an emulator, whose bucket has pictures.
"""

import json
import logging
import sys
from importlib.metadata import version
from pathlib import Path

RUNS = {
    "setup_image_search__pictures": {},
    "embed_images__pictures": {},
    "search_images__pictures": {"query": "a red car", "top_k": 3},
    "search_saved_queries__pictures": {},
    "maintain_vector_index__pictures": {},
    "map_collection__pictures": {},
}
PAGES = ("", "?q=a+red+car", "map/drawn", "health", "health/backlog")
# A query of a search's, so that Airflow's own web server takes it for a request of its own page.
HEADERS = {"Accept": "text/html"}


def run_dags(folder: Path) -> dict[str, object]:
    """Parse the DAGs and run them, one after the other."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(folder / "dags"))
    if bag.import_errors:
        return {"import_errors": {Path(file).name: error for file, error in bag.import_errors.items()}}
    states = {dag_id: str(bag.dags[dag_id].test(run_conf=conf).state) for dag_id, conf in RUNS.items()}
    return {"import_errors": {}, "dags": sorted(bag.dags), "states": states}


def look_at_pages() -> dict[str, int]:
    """Ask for the pages through Airflow's own web server."""
    from airflow.api_fastapi.app import create_app
    from fastapi.testclient import TestClient

    with TestClient(create_app(apps="core"), base_url="http://127.0.0.1") as browser:
        return {page: browser.get(f"/vitrine/pictures/{page}", headers=HEADERS).status_code for page in PAGES}


def main(folder: Path) -> dict[str, object]:
    """Everything that a person would look at first."""
    from airflow import plugins_manager
    from airflow.utils.db import initdb

    import vitrine

    initdb()
    plugins, errors = plugins_manager._get_plugins()
    return {
        "airflow": version("apache-airflow"),
        "provider": version("apache-airflow-providers-google"),
        "python": sys.version_info[:2],
        "vitrine": str(Path(vitrine.__file__).parent),
        "plugins": {plugin.name: str(plugin.source) for plugin in plugins},
        "plugin_errors": errors,
        **run_dags(folder),
        "pages": look_at_pages(),
    }


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    print(json.dumps(main(Path(sys.argv[1]))))
