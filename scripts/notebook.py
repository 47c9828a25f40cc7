"""`make notebook`: the notebook in JupyterLab, on the embedded BigQuery."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from scripts.stack import ROOT, StackError, emulator_running
from vitrine.collection import Collection, load

# In an environment of its own, which `make notebook` installs: Airflow's would start slower with it.
JUPYTER_LAB = ROOT / "notebooks/.venv/bin/jupyter-lab"
NOTEBOOK = ROOT / "notebooks" / "met-image-analysis.ipynb"


def variables(collection: Collection) -> dict[str, str]:
    """The environment variables in which the notebook reads what to look at."""
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
    """Open JupyterLab until the person ends it; start the emulator for as long, if it does not run."""
    every = {
        collection.dag_id("notebook").removeprefix("notebook__"): collection
        for collection in load().every_model
    }
    parser = argparse.ArgumentParser(prog="make notebook")
    parser.add_argument("collection", choices=every, nargs="?", default=next(iter(every)))
    environment = os.environ | variables(every[parser.parse_args(arguments).collection])
    try:
        with emulator_running(ROOT / ".local"):
            command = [JUPYTER_LAB, "--ip=127.0.0.1", "--allow-root", NOTEBOOK]
            return subprocess.run(command, env=environment).returncode
    except StackError as error:
        print(error)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
