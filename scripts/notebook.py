"""`make notebook`: the notebook in JupyterLab, on the embedded BigQuery."""

import subprocess
import sys

from scripts.stack import ROOT, StackError, emulator_running

# In an environment of its own, which `make notebook` installs: Airflow's would start slower with it.
JUPYTER_LAB = ROOT / "notebooks/.venv/bin/jupyter-lab"
NOTEBOOK = ROOT / "notebooks" / "met-image-analysis.ipynb"


def main() -> int:
    """Open JupyterLab until the person ends it; start the emulator for as long, if it does not run."""
    try:
        with emulator_running(ROOT / ".local"):
            return subprocess.run([JUPYTER_LAB, "--ip=127.0.0.1", "--allow-root", NOTEBOOK]).returncode
    except StackError as error:
        print(error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
