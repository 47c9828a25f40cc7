"""docker-compose.yaml, as the real Compose binary reads it: complete, loopback only, no secret that is known."""

import json
import os
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = Path(sys.executable).with_name("docker-compose")
AIRFLOW = {"airflow-apiserver", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer"}
ALWAYS = {"postgres", "airflow-init", *AIRFLOW}
DEMO, CELERY = {"emulator", "demo-upload"}, {"redis", "airflow-worker", "flower"}
SECRETS = ("POSTGRES_PASSWORD", "FERNET_KEY", "JWT_SECRET", "API_SECRET_KEY", "ADMIN_PASSWORD")
EXAMPLE = dotenv_values(ROOT / ".env.example", interpolate=False)
# What every process of Airflow must have, and the same.
SHARED = ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET")
ONCE = {"airflow-init", "demo-upload"}


def compose(folder: Path, *command: str, **values: str) -> subprocess.CompletedProcess:
    """Run Compose with .env.example, filled in but for these values."""
    filled = {name: f"{name.lower()}-filled-in" for name in SECRETS} | values
    lines = [f"{name}={filled.get(name, value)}" for name, value in EXAMPLE.items()]
    file = folder / ".env"
    file.write_text("\n".join(lines))
    return subprocess.run(
        [COMPOSE, "--project-directory", ROOT, "--env-file", file, *command],
        capture_output=True,
        text=True,
        # A container's environment is the file's, whatever this test process has set.
        env={"PATH": os.environ["PATH"], "HOME": "/"},
    )


@pytest.fixture(scope="module")
def stacks(tmp_path_factory) -> dict[tuple[str, str], dict[str, dict]]:
    """The services of every stack, with all references resolved; Compose refuses the file here if it is wrong."""
    found = {}
    for bigquery, executor in product(("google", "demo"), ("local", "celery")):
        done = compose(
            tmp_path_factory.mktemp("compose"),
            "config",
            "--format=json",
            BIGQUERY=bigquery,
            EXECUTOR=executor,
            VITRINE_PROJECT="my-project",
        )
        assert done.returncode == 0, done.stderr
        assert not done.stderr, done.stderr
        found[bigquery, executor] = json.loads(done.stdout)["services"]
    return found


@pytest.fixture(scope="module")
def everything(stacks) -> dict[str, dict]:
    """All services there are."""
    return stacks["demo", "celery"]


def test_profiles(stacks):
    assert {which: set(services) for which, services in stacks.items()} == {
        ("google", "local"): ALWAYS,
        ("google", "celery"): ALWAYS | CELERY,
        ("demo", "local"): ALWAYS | DEMO,
        ("demo", "celery"): ALWAYS | DEMO | CELERY,
    }
    executors = {
        which: services["airflow-scheduler"]["environment"]["AIRFLOW__CORE__EXECUTOR"]
        for which, services in stacks.items()
    }
    assert {which: executors[which] for which in executors if which[1] == "local"} == {
        ("google", "local"): "LocalExecutor",
        ("demo", "local"): "LocalExecutor",
    }
    assert executors["google", "celery"] == executors["demo", "celery"] == "CeleryExecutor"
    assert stacks["demo", "celery"]["airflow-worker"]["deploy"]["replicas"] == 2


@pytest.mark.parametrize("secret", SECRETS)
def test_a_missing_secret_is_named_and_has_no_default(tmp_path, secret):
    assert EXAMPLE[secret] == ""
    done = compose(tmp_path, "config", "--quiet", **{secret: ""})
    assert done.returncode != 0
    assert f"set {secret} in .env, see .env.example" in done.stderr


def test_every_variable_is_explained_in_the_example():
    files = [ROOT / "docker-compose.yaml", *(ROOT / "deploy/compose").glob("*.env")]
    used = {name for file in files for name in re.findall(r"(?<!\$)\$\{(\w+)", file.read_text())}
    assert used ^ EXAMPLE.keys() == {"COMPOSE_PROFILES"}


def test_all_processes_have_the_same_secrets_and_a_login(everything):
    airflow = [service for service in everything.values() if service["image"] == "vitrine-airflow"]
    for name in SHARED:
        assert len({service["environment"][name] for service in airflow}) == 1
        assert airflow[0]["environment"][name].endswith("-filled-in")
    assert {
        service["environment"]["AIRFLOW__CORE__AUTH_MANAGER"].rpartition(".")[2] for service in airflow
    } == {"FabAuthManager"}
    assert not any("ALL_ADMINS" in name for service in airflow for name in service["environment"])


def test_a_project_of_googles_is_asked_for_nothing_local(stacks):
    environment = stacks["google", "local"]["airflow-scheduler"]["environment"]
    assert environment["VITRINE_PROJECT"] == environment["GOOGLE_CLOUD_PROJECT"] == "my-project"
    assert not any("EMULATOR" in name for name in environment)
    assert environment["GOOGLE_APPLICATION_CREDENTIALS"] == "", "no file is named"


def test_only_loopback_is_published(everything):
    ports = [port for service in everything.values() for port in service.get("ports", [])]
    assert {port["published"] for port in ports} == {"8080", "5555", "9050", "4443"}
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_every_service_that_stays_has_a_health_check_of_its_own(everything):
    checks = {name: service.get("healthcheck", {}).get("test") for name, service in everything.items()}
    assert {name for name, check in checks.items() if check is None} == ONCE
    assert len({str(check) for name, check in checks.items() if name not in ONCE}) == len(checks) - len(ONCE)


def test_only_volumes_can_be_written(everything):
    mounts = [volume for service in everything.values() for volume in service.get("volumes", [])]
    folders = [mount for mount in mounts if mount["type"] == "bind"]
    assert folders
    assert [
        mount for mount in folders if not mount.get("read_only") or not Path(mount["source"]).exists()
    ] == []
    assert {mount["source"] for mount in mounts if mount["type"] != "bind"} == {
        "postgres",
        "logs",
        "redis",
        "emulator",
    }


def test_images_are_built_from_targets_that_exist(everything):
    stages = {
        line.split()[-1] for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("FROM")
    }
    built = {service["build"]["target"] for service in everything.values() if "build" in service}
    assert built == {"airflow", "emulator"} <= stages


def test_the_emulator_reads_every_variable_it_is_given(everything):
    """A name that nobody reads would leave the service where other containers cannot reach it."""
    read = (ROOT / "emulator/bqml_emulator/core/config.py").read_text()
    given = everything["emulator"]["environment"]
    assert "EMULATOR_HOST" in given
    assert {name for name in given if f'"{name}"' not in read} == set()


def test_the_demo_is_the_local_environment_but_for_addresses(everything):
    local = dotenv_values(ROOT / "config/local.env")
    demo = everything["airflow-scheduler"]["environment"]
    both = {name for name in local.keys() & demo.keys() if not name.startswith("AIRFLOW__")}
    assert {name for name in both if demo[name] != local[name]} == {
        "BIGQUERY_EMULATOR_HOST",
        "STORAGE_EMULATOR_HOST",
        "VITRINE_GALLERY",
    }
    assert both >= {"VITRINE_OBJECTS", "VITRINE_PROJECT", "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT"}
