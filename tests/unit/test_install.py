"""What a newcomer sees of an installation, and of one that fails."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import install
from scripts.install import ENVIRONMENTS, Environment, announcement, reason, worth_showing

ROOT = Path(__file__).parents[2]
OFFLINE = """error: Request failed after 3 retries in 4.7s
  cause: Failed to fetch: https://pypi.org/simple/pyarrow/
  cause: error sending request for url (https://pypi.org/simple/pyarrow/)
  cause: dns error
"""
NO_PYTHON = """error: Request failed after 3 retries in 4.8s
  cause: Failed to download `https://github.com/astral-sh/python-build-standalone/releases/download/20261110/cpython-3.13.18%2B20261110-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz`
"""
PIP_OFFLINE = """WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'ProxyError(...)': /simple/uv/
ERROR: Could not find a version that satisfies the requirement uv==0.13.9 (from versions: none)
ERROR: No matching distribution found for uv==0.13.9
"""
FULL = """error: Failed to install: zetasql-0.1.5-py3-none-any.whl (zetasql==0.1.5)
  cause: failed to copy file from a to b: No space left on device (os error 28)
"""
MUSL = """error: No solution found when resolving dependencies
  cause: Because onnxruntime==1.31.1 has no wheels with a matching platform tag (e.g., `musllinux_1_2_x86_64`) and you require onnxruntime==1.31.1, we can conclude that your requirements are unsatisfiable.
"""


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (OFFLINE, "pypi.org cannot be reached: connect this machine to the Internet"),
        (PIP_OFFLINE, "The index of Python packages cannot be reached: connect this machine"),
        (NO_PYTHON, "Python 3.13 is missing, and github.com, which has it, cannot be reached: install it"),
        (FULL, "The disk is full: make room"),
        (MUSL, "Some package is not made for machines like this one"),
        ("cause: invalid peer certificate: UnknownIssuer", "This machine does not trust the certificate"),
        ("  cause: Hash mismatch for `duckdb==1.4.1`", "A package is not the file that was pinned"),
        ("The virtual environment was not created: ensurepip is not available.", "Python's venv is missing"),
        ("error: no idea\nerror: what this is\n", "error: what this is: see "),
        ("", "It failed: see "),
    ],
)
def test_a_failure_is_explained_in_a_sentence(output, sentence):
    said = reason(output)
    assert said.startswith(sentence)
    assert said.endswith(".")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Resolved 345 packages in 805ms\n", "found 345 packages in 805ms"),
        ("Prepared 1 package in 9.12s", "downloaded 1 packages in 9.12s"),
        ("Installed 53 packages in 181ms", "unpacked 53 packages in 181ms"),
        ("Bytecode compiled 3236 files in 16.37s", "compiled 3236 files in 16.37s"),
        ("Downloading pyarrow (52.5MiB)", "downloading pyarrow, 52 MB"),
        ("Downloading pygments (1.2MiB)", ""),
        (" Downloaded pyarrow", ""),
        (" + numpy==2.5.5", ""),
    ],
)
def test_of_the_output_a_person_sees_the_phases(line, shown):
    assert worth_showing(line) == shown


def test_size_and_lack_of_space_are_said_before():
    environment = Environment("Airflow", 2400)
    assert announcement(environment, free=3_000_000_000) == "Installing Airflow: 2.4 GB"
    assert (
        announcement(environment, free=800_000_000)
        == "Installing Airflow: 2.4 GB (only 800 MB are free on this disk)"
    )


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder in which uv is a script: answer a function that writes it."""
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "LOG", tmp_path / ".local/install.log")
    (tmp_path / ".python-version").write_text("3.13\n")
    uv = tmp_path / ".local/uv/bin/uv"
    uv.parent.mkdir(parents=True)

    def write(script):
        uv.write_text(f"#!/bin/sh\n{script}\n")
        uv.chmod(0o755)

    return write


def test_an_installation_shows_its_phases_and_its_time(checkout, capsys):
    checkout(
        """case "$*" in "python find"*) exit 1;; pip*) echo 'Resolved 3 packages in 1s' >&2; echo ' + a==1' >&2;; esac"""
    )
    assert install.main("notebooks/.venv", "pins.txt") == 0
    assert capsys.readouterr().out.splitlines() == [
        "Installing JupyterLab and what the notebook needs: 500 MB",
        "  downloading Python 3.13: 35 MB",
        "  found 3 packages in 1s",
        "  done in 0 s",
    ]


def test_a_failed_installation_says_why_and_keeps_the_output(checkout, capsys):
    checkout(f"case $1 in pip) cat >&2 <<'X'\n{OFFLINE}X\nexit 2;; esac")
    assert install.main("notebooks/.venv", "pins.txt") == 1
    [_, last] = capsys.readouterr().out.splitlines()
    assert last.startswith("pypi.org cannot be reached")
    assert "cause: dns error" in install.LOG.read_text()


def test_an_interrupted_installation_ends_with_one_line_and_what_it_ran(checkout, capsys, monkeypatch):
    checkout("case $1 in pip) echo Resolved 3 packages in 1s; exec sleep 600;; esac")
    started = []
    popen = install.subprocess.Popen

    def remember(*arguments, **options):
        started.append(popen(*arguments, **options))
        return started[-1]

    def interrupt(line):
        raise KeyboardInterrupt

    monkeypatch.setattr(install.subprocess, "Popen", remember)
    monkeypatch.setattr(install, "worth_showing", interrupt)
    assert install.main("notebooks/.venv", "pins.txt") == 130
    assert capsys.readouterr().out.splitlines()[1:] == [
        "",
        "Stopped. What has been downloaded is kept: the same command goes on from here.",
    ]
    assert [process.poll() is None for process in started] == [False] * len(started)


@pytest.mark.parametrize(
    ("uv", "code", "last"),
    [("exit 0", 0, "  done in 0 s"), (f"cat <<'X'\n{OFFLINE}X\nexit 2", 2, "pypi.org cannot be reached")],
)
def test_make_installs_an_environment_or_says_why_not(tmp_path, uv, code, last):
    for name in ("Makefile", ".python-version", "scripts/__init__.py", "scripts/install.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    environment = tmp_path / "notebooks/.venv"
    environment.mkdir(parents=True)
    (environment.parent / "requirements.txt").touch()
    (tmp_path / ".local/uv/bin").mkdir(parents=True)
    (tmp_path / ".local/uv/bin/python").symlink_to(sys.executable)
    (tmp_path / ".local/uv/bin/uv").write_text(f"#!/bin/sh\n{uv}\n")
    (tmp_path / ".local/uv/bin/uv").chmod(0o755)
    make = subprocess.run(
        ["make", "notebooks/.venv/.installed", "-o", ".local/uv/bin/uv"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},
    )
    assert make.returncode == code
    assert make.stdout.splitlines()[-1].startswith(last)
    assert (environment / ".installed").exists() is (code == 0)


def test_any_python_from_3_8_on_can_run_it():
    ast.parse(Path(install.__file__).read_text(), feature_version=(3, 8))
    assert "from __future__ import annotations" in Path(install.__file__).read_text()


def test_make_installs_the_environments_that_are_described():
    makefile = (ROOT / "Makefile").read_text()
    line = next(line for line in makefile.splitlines() if line.startswith("ENVIRONMENTS := "))
    assert {".local/uv", *line.removeprefix("ENVIRONMENTS := ").split()} == set(ENVIRONMENTS)
