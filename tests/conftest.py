"""One environment for all tests of the Airflow side: config/local.env with temporary folders and free ports.

Airflow reads its environment when it is first imported, so it is set here, before any test module is.
"""

import gc
import os
import shutil
import socket
import tempfile
from pathlib import Path

import pytest
from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent.parent
PORTS = ("EMULATOR_PORT", "STORAGE_PORT", "AIRFLOW_PORT")
STATE = Path(tempfile.mkdtemp(prefix="vitrine-tests-"))

pytest_plugins = ["tests.support.fixtures"]


def free_ports(count: int) -> list[str]:
    """Answer ports of 127.0.0.1 that nobody listens on, all different."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def set_environment() -> None:
    """Load config/local.env as `make` would, but with ports and state of our own."""
    os.environ |= {"PROJECT_ROOT": str(ROOT), "EMULATOR_DATA": str(STATE / "emulator")}
    os.environ |= dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    os.environ |= {name: value or "" for name, value in dotenv_values(ROOT / "config/local.env").items()}
    os.environ |= {
        "AIRFLOW_HOME": str(STATE / "airflow"),
        "VITRINE_GALLERY": str(STATE / "gallery"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "VITRINE_RETRY_WAIT_SECONDS": "1",
    }


set_environment()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option with which `make golden` rewrites the golden files."""
    parser.addoption("--golden", action="store_true", help="rewrite the golden files")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the embedded BigQuery as `services`; `make check` leaves that out."""
    for item in items:
        if "emulator" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.services)


def pytest_collection_finish() -> None:
    """Take what the imports have made out of the collector's rounds: Airflow makes a million objects."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Remove the temporary state."""
    shutil.rmtree(STATE, ignore_errors=True)
