"""`make notebook`: the notebook in JupyterLab, on the embedded BigQuery."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from scripts.stack import ROOT, StackError, emulator_running
from vitrine.collection import Collection, load

# Installed by `make notebook` in its own environment: in Airflow's it would slow down every start.
JUPYTER_LAB = ROOT / "notebooks/.venv/bin/jupyter-lab"
NOTEBOOK = ROOT / "notebooks" / "met-image-analysis.ipynb"


def variables(collection: Collection) -> dict[str, str]:
    """The environment variables that tell the notebook which tables to read."""
    embeddings = collection.table_name("image_embeddings")
    return {
        "NOTEBOOK_PROJECT": collection.project,
        "NOTEBOOK_DATASET": collection.dataset,
        "NOTEBOOK_IMAGES": collection.table_name("images"),
        "NOTEBOOK_EMBEDDINGS": embeddings,
        "NOTEBOOK_SUFFIX": embeddings.removeprefix(f"{collection.name}_image_embeddings"),
        "NOTEBOOK_DIMENSION": str(collection.model.dimension),
        "NOTEBOOK_FUNCTION": collection.model.function,
    }


def main(arguments: list[str]) -> int:
    """Open JupyterLab until it is closed, and an emulator with it if none is running."""
    every = {
        collection.dag_id("notebook").removeprefix("notebook__"): collection
        for collection in load().every_model
    }
    parser = argparse.ArgumentParser(prog="make notebook")
    parser.add_argument("collection", choices=every, nargs="?", default=next(iter(every)))
    environment = os.environ | variables(every[parser.parse_args(arguments).collection])
    try:
        with emulator_running(ROOT / ".local"):
            done = subprocess.run([JUPYTER_LAB, "--ip=127.0.0.1", "--allow-root", NOTEBOOK], env=environment)
            return done.returncode
    except StackError as error:
        print(error)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
