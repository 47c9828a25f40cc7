"""docs/emulation.md says what the tests prove, and nothing else."""

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parents[1] / "docs/emulation.md"


def test_the_page_is_that_of_the_tests(tmp_path):
    written = tmp_path / "emulation.md"
    subprocess.run([sys.executable, TESTS / "fidelity.py", written], cwd=TESTS.parent, check=True)
    assert PAGE.read_text() == written.read_text(), "stale: run `make emulation` and read the diff"
