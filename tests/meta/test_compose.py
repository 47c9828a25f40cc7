"""docker-compose.yaml, as the real Compose binary reads it: complete, loopback only, one environment."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values

from scripts.stack import AIRFLOW_PROCESSES

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = Path(sys.executable).with_name("docker-compose")
AIRFLOW = ("airflow-apiserver", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer")
# What differs between containers that share a network and processes that share a machine.
ADDRESSES = {
    "AIRFLOW__API__HOST",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "BIGQUERY_EMULATOR_HOST",
    "STORAGE_EMULATOR_HOST",
}
# A container's environment is the file's defaults, whatever this test process has set.
PLAIN = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}


@pytest.fixture(scope="module")
def services() -> dict[str, dict]:
    """Every service with all references resolved; Compose refuses the file here if it is wrong."""
    command = [COMPOSE, "--file", ROOT / "docker-compose.yaml", "config", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, env=PLAIN)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return json.loads(done.stdout)["services"]


def test_services(services):
    assert set(services) == {"postgres", "emulator", "airflow-init", *AIRFLOW}
    commands = [services[name]["command"] for name in AIRFLOW]
    assert commands == [[process, *options] for process, options in AIRFLOW_PROCESSES.items()]


def test_only_loopback_is_published(services):
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert {port["published"] for port in ports} == {"8080", "9050", "4443"}
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_every_service_that_stays_is_watched(services):
    assert [name for name in services if "healthcheck" not in services[name]] == ["airflow-init"]


@pytest.mark.parametrize("name", AIRFLOW)
def test_airflow_waits_for_its_database_and_the_emulator(services, name):
    conditions = {other: how["condition"] for other, how in services[name]["depends_on"].items()}
    assert conditions == {"airflow-init": "service_completed_successfully", "emulator": "service_healthy"}


@pytest.mark.parametrize("name", [*AIRFLOW, "airflow-init"])
def test_airflow_has_the_local_environment_but_for_addresses(services, name, monkeypatch):
    for variable in dotenv_values(ROOT / "config/local.env", interpolate=False):
        monkeypatch.delenv(variable, raising=False)
    expected = dotenv_values(ROOT / "config/local.env")
    actual = services[name]["environment"]
    assert {key for key in actual if actual[key] != expected.get(key)} == ADDRESSES
    assert set(actual) >= set(expected)


def test_what_is_mounted_exists(services):
    mounts = [volume for service in services.values() for volume in service.get("volumes", [])]
    sources = [Path(volume["source"]) for volume in mounts if volume["type"] == "bind"]
    assert sources
    assert [path for path in sources if not path.exists()] == []


def test_images_are_built_from_targets_that_exist(services):
    stages = {
        line.split()[-1] for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("FROM")
    }
    built = {service["build"]["target"] for service in services.values() if "build" in service}
    assert built == {"airflow", "emulator"} <= stages


def test_the_emulator_reads_every_variable_it_is_given(services):
    """A name that nobody reads would leave the service where other containers cannot reach it."""
    given = services["emulator"]["environment"].keys() - dotenv_values(ROOT / "config/local.env").keys()
    read = (ROOT / "emulator/bqml_emulator/core/config.py").read_text()
    assert "EMULATOR_HOST" in given
    assert {name for name in given if f'"{name}"' not in read} == set()
