"""`make notebook`: the notebook in JupyterLab, on the embedded BigQuery."""

import subprocess
import sys

from scripts.stack import ROOT, StackError, emulator_running

# Installed by `make notebook` in its own environment: in Airflow's it would slow down every start.
JUPYTER_LAB = ROOT / "notebooks/.venv/bin/jupyter-lab"
NOTEBOOK = ROOT / "notebooks" / "met-image-analysis.ipynb"


def main() -> int:
    """Open JupyterLab until it is closed, and an emulator with it if none is running."""
    try:
        with emulator_running(ROOT / ".local"):
            return subprocess.run([JUPYTER_LAB, "--ip=127.0.0.1", "--allow-root", NOTEBOOK]).returncode
    except StackError as error:
        print(error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
