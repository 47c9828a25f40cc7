"""The patches that are ready to be offered to local-bigquery mend what their own tests find."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import local_bigquery
import pytest

UPSTREAM = Path(__file__).parents[1] / "upstream"
PATCHES = sorted(UPSTREAM.glob("*.patch"))
TEST = re.compile(r"^\+\+\+ b/(tests/\S+)$", re.MULTILINE)


@pytest.fixture
def source(tmp_path) -> Path:
    """The installed version as its repository has it, with what the tests need."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(local_bigquery.__file__).parent, tmp_path / "src/local_bigquery", ignore=ignored)
    shutil.copytree(UPSTREAM / "harness", tmp_path / "tests", ignore=ignored)
    return tmp_path


def apply(patch: Path, source: Path, part: str, *options: str):
    command = ["git", "apply", "--whitespace=error", f"--include={part}/*", *options, patch]
    subprocess.run(command, cwd=source, check=True, capture_output=True, text=True)


def run(source: Path, *tests: str) -> str:
    """pytest's last lines of these tests, on that source."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={source}", *tests]
    environment = {"PYTHONPATH": str(source / "src"), "PATH": ""}
    done = subprocess.run(
        command, cwd=source, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout


def test_each_applies_alone(source):
    for patch in PATCHES:
        apply(patch, source, "src", "--check")


def test_what_each_mends_is_found_by_its_own_test(source):
    tests = {patch.name: TEST.search(patch.read_text())[1] for patch in PATCHES}
    for patch in PATCHES:
        apply(patch, source, "tests")
    before = run(source, *tests.values())
    assert "error" not in before.splitlines()[-1]  # they run, and find what they are about
    assert [name for name, test in tests.items() if f"FAILED {test}" not in before] == []
    for patch in PATCHES:
        apply(patch, source, "src")
    assert re.match(r"\d+ passed", run(source, *tests.values()).splitlines()[-1])
