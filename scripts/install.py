"""What `make` runs to install an environment: it says what is installed, how large it is, what goes on, and
how long it took; or in one sentence why it cannot be.

    python -m scripts.install .venv requirements.txt requirements-dev.txt

Any Python from 3.8 on runs it, because nothing is installed yet. What pip or uv said of a failure is in
.local/install.log.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LOG = ROOT / ".local/install.log"
UV = ".local/uv"  # an environment, too
MB = 1_000_000
# Uv tells of every file from 1 MiB on; those that one waits for are larger.
LONG_DOWNLOAD_MIB = 20
# What uv says when it is done with something, and what we say.
PHASES = (
    ("Resolved", "found {0} packages in {1}"),
    ("Prepared", "downloaded {0} packages in {1}"),
    ("Installed", "unpacked {0} packages in {1}"),
    ("Bytecode compiled", "compiled {0} files in {1}"),
)
AGAIN = "then run the same command again; what has been downloaded is kept"
# In what pip or uv say of a failure, and what we say; the first that is found.
REASONS = (
    (r"No space left on device", f"The disk is full: make room, {AGAIN}."),
    (
        r"ensurepip is not available",
        "Python's venv is missing: install it (Debian: sudo apt-get install python3-venv), "
        "then run the same command again.",
    ),
    (
        r"certificate",
        "This machine does not trust the certificate of what it is connected with, perhaps a proxy of your "
        f"network: name the file of its certificate in SSL_CERT_FILE, {AGAIN}.",
    ),
    (
        r"Hash mismatch|DO NOT MATCH THE HASHES",
        f"A package is not the file that was pinned, something on the way to here has changed it ({LOG}).",
    ),
    (
        r"Failed to download `https://github\.com/astral-sh/python-build-standalone/.*/cpython-(\d+\.\d+)",
        "Python {0} is missing, and github.com, which has it, cannot be reached: install it, put its folder "
        f"into PATH, {AGAIN}.",
    ),
    (
        r"Failed to fetch: `?https?://([^/\s`]+)",
        "{0} cannot be reached: connect this machine to the Internet, or name a mirror in UV_DEFAULT_INDEX, "
        f"{AGAIN}.",
    ),
    (
        r"\(from versions: none\)",
        "The index of Python packages cannot be reached: connect this machine to the Internet, or name a "
        "mirror in PIP_INDEX_URL, then run the same command again.",
    ),
    (
        r"no wheels with a matching platform tag|wheel for the current platform",
        f"Some package is not made for machines like this one: take Linux with glibc, or a Mac ({LOG}).",
    ),
)
INTERRUPTED = 128 + 2  # a shell's exit code after SIGINT


class Environment(NamedTuple):
    """What is in it, and its size on disk; what is run when it is there, and what is said of that."""

    what: str
    megabytes: int
    afterwards: tuple[str, ...] = ()
    says: str = ""


# Each holds a set of pins that excludes the others, except uv, which installs them.
ENVIRONMENTS: dict[str, Environment] = {
    UV: Environment("uv, which installs everything else", 50),
    ".venv": Environment("Airflow, and what checks and tests need", 2400),
    "emulator/.venv": Environment(
        "the embedded BigQuery, its model and Google's analyzer",
        700,
        # Once, so that nobody's first query waits for it.
        ("env", "PYTHONPATH=emulator", "emulator/.venv/bin/python", "-m", "bqml_emulator.analyzer"),
        "compiling Google's analyzer for this machine",
    ),
    "emulator/smoke/.venv": Environment("clients that try the embedded BigQuery", 650),
    "notebooks/.venv": Environment("JupyterLab and what the notebook needs", 500),
    "tests/compose/.venv": Environment(
        "Airflow as docker-compose.yaml runs it, with Celery",
        2400,
        # Its processes may not write there, and each would compile all that it imports again. Some files are
        # templates of Python, which do not compile.
        (
            "sh",
            "-c",
            "tests/compose/.venv/bin/python -m compileall -qq -j 2 tests/compose/.venv/lib || true",
        ),
        "compiling its modules",
    ),
}


class InstallError(Exception):
    """An environment cannot be installed; the message is one sentence that says why and what to do."""


def main(folder: str, *pins: str) -> int:
    """Install an environment from its pins; 0 when it is there."""
    try:
        install(folder, pins)
    except InstallError as error:
        print(error)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. What has been downloaded is kept: the same command goes on from here.")
        return INTERRUPTED
    return 0


def install(folder: str, pins: tuple[str, ...]) -> None:
    """Install an environment from its pins. Errors: InstallError."""
    environment, started = ENVIRONMENTS[folder], time.monotonic()
    print(announcement(environment, shutil.disk_usage(ROOT).free), flush=True)
    if folder == UV:
        make_uv(pins)
    else:
        make_environment(folder, pins)
    if environment.afterwards:
        print(f"  {environment.says}", flush=True)
        run(environment.afterwards)
    print(f"  done in {time.monotonic() - started:.0f} s", flush=True)


def announcement(environment: Environment, free: int) -> str:
    """What is about to be installed, its size, and whether the `free` bytes of the disk may be too few."""
    # A warning only: uv links files that it has downloaded before, which takes no space.
    warning = "" if free > environment.megabytes * MB else f" (only {size(free // MB)} are free on this disk)"
    return f"Installing {environment.what}: {size(environment.megabytes)}{warning}"


def size(megabytes: int) -> str:
    """A size as people say it."""
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes} MB"


def make_uv(pins: tuple[str, ...]) -> None:
    """Install uv into an environment of the Python that runs this."""
    run((sys.executable, "-m", "venv", "--clear", UV))
    requirements = [argument for file in pins for argument in ("-r", file)]
    # Pip's own five retries are as silent as these, and longer.
    run((f"{UV}/bin/pip", "install", "-q", "--disable-pip-version-check", "--retries", "2", *requirements))


def make_environment(folder: str, pins: tuple[str, ...]) -> None:
    """Install the pins, and the Python that .python-version names where the machine has none."""
    uv, version = f"{ROOT}/{UV}/bin/uv", (ROOT / ".python-version").read_text().strip()
    if not os.access(ROOT / folder / "bin/python", os.X_OK):
        if subprocess.run(
            [uv, "python", "find", "--no-python-downloads", version], capture_output=True
        ).returncode:
            print(f"  downloading Python {version}: 35 MB", flush=True)
        run((uv, "venv", "--quiet", folder))
    # Where Python may not write bytecode, each process would compile all that it imports: 4 s for Airflow.
    compiled = ("--compile-bytecode",) if os.environ.get("PYTHONDONTWRITEBYTECODE") else ()
    # Every file is the one that was pinned, by its hash.
    run((uv, "pip", "sync", "--require-hashes", *compiled, "--python", f"{folder}/bin/python", *pins))


def run(command: tuple[str, ...]) -> None:
    """Run a command, show what of its output a person waits for, and log all of it. Errors: InstallError."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    output: list[str] = []
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    try:
        for line in process.stdout or ():
            output.append(line)
            if shown := worth_showing(line):
                print(f"  {shown}", flush=True)
        code = process.wait()
    finally:
        # After Ctrl-C uv ends by itself, unless only this process was told.
        process.terminate()
        process.wait()
    if code:
        log(command, output)
        raise InstallError(reason("".join(output)))


def log(command: tuple[str, ...], output: list[str]) -> None:
    """Keep what a command that failed has said."""
    try:
        LOG.write_text(f"$ {' '.join(command)}\n{''.join(output)}", encoding="utf-8", errors="replace")
    except OSError:  # the disk is full
        sys.stderr.writelines(output)


def worth_showing(line: str) -> str:
    """What a person who waits sees of a line of uv's output; empty for most lines."""
    if download := re.match(r"Downloading (\S+) \((\d+)\.?\d*MiB\)", line):
        return f"downloading {download[1]}, {download[2]} MB" if int(download[2]) >= LONG_DOWNLOAD_MIB else ""
    for theirs, ours in PHASES:
        if phase := re.match(rf"{theirs} (\d+) \w+ in (\S+)$", line):
            return ours.format(*phase.groups())
    return ""


def reason(output: str) -> str:
    """Say in a sentence why pip or uv has failed, and what to do."""
    for pattern, sentence in REASONS:
        if found := re.search(pattern, output):
            return sentence.format(*found.groups())
    errors = [line for line in output.splitlines() if line.lower().startswith("error")]
    return f"{errors[-1] if errors else 'It failed'}: see {LOG}, and run the same command again."


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
