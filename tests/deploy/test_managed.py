"""deploy/check_managed.py, with a gcloud and an astro that say what theirs would."""

import json
import os
import re
from pathlib import Path

import pytest

from deploy import check_managed

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {
    "config": {
        "softwareConfig": {
            "imageVersion": "composer-3-airflow-3.3.1-build.2",
            "pypiPackages": {"airflow-vitrine": "==2.0.0"},
            "envVariables": {
                "VITRINE_PROJECT": "p",
                "VITRINE_OBJECTS": "gs://b/*",
                "VITRINE_GALLERY": "gs://g/pages",
            },
        },
        "workloadsConfig": {"triggerer": {"count": 1}},
        "nodeConfig": {"serviceAccount": "vitrine-airflow@p.iam.gserviceaccount.com"},
    }
}
DEPLOYMENT = {
    "deployment": {
        "configuration": {"runtime_version": "3.3-2", "workload_identity": "x@p.iam.gserviceaccount.com"},
        "environment_variables": [
            {"key": key, "value": value}
            for key, value in ENVIRONMENT["config"]["softwareConfig"]["envVariables"].items()
        ],
    }
}
FILES = "\n".join(f"dags/{dag}.py" for dag in check_managed.DAGS)


@pytest.fixture
def answers(tmp_path, monkeypatch):
    """Make a command of the name that answers one thing, or another when its arguments contain a word."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def make(command: str, answer: object, word: str = "nothing", other: str = "") -> None:
        (folder / "answer").write_text(json.dumps(answer))
        (folder / "other").write_text(other)
        script = folder / command
        script.write_text(
            f'#!/bin/sh\ncase "$*" in *{word}*) cat {folder}/other ;; *) cat {folder}/answer ;; esac\n'
        )
        script.chmod(0o755)

    return make


def changed(document: dict, path: str, value: object) -> dict:
    """A copy with another value, or without one, at a dotted path."""
    copy = json.loads(json.dumps(document))
    *parents, last = path.split(".")
    place = copy
    for parent in parents:
        place = place[parent]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return copy


def test_a_complete_environment_of_composer(answers, capsys):
    answers("gcloud", ENVIRONMENT, "storage", FILES)
    assert check_managed.main(["composer", "night", "us-central1"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("path", "value", "paste"),
    [
        ("config.softwareConfig.imageVersion", "composer-3-airflow-3.2.0-build.1", "--image-version composer-3-airflow-3.3.1"),
        ("config.softwareConfig.imageVersion", "composer-2.9.0-airflow-3.3.1", "--image-version"),
        ("config.softwareConfig.pypiPackages", {}, "--update-pypi-package=airflow-vitrine"),
        ("config.workloadsConfig.triggerer", None, "--triggerer-count 1"),
        ("config.nodeConfig.serviceAccount", None, "--service-account"),
        ("config.softwareConfig.envVariables.VITRINE_OBJECTS", None, "--update-env-variables=VITRINE_OBJECTS=…"),
        ("config.softwareConfig.envVariables.VITRINE_GALLERY", "/tmp", "--update-env-variables=VITRINE_GALLERY=…"),
    ],
)  # fmt: skip
def test_what_composer_lacks_is_named_with_a_line_to_paste(answers, capsys, path, value, paste):
    answers("gcloud", changed(ENVIRONMENT, path, value), "storage", FILES)
    assert check_managed.main(["composer", "night", "us-central1"]) == 1
    out = capsys.readouterr().out
    assert out.count("MISSING") == 1
    assert paste in out.partition("MISSING")[2].splitlines()[1]


def test_missing_dags_are_named(answers, capsys):
    answers("gcloud", ENVIRONMENT, "storage", FILES.replace("dags/embed_images.py", ""))
    assert check_managed.main(["composer", "night", "us-central1"]) == 1
    assert (
        "--environment night --location us-central1 --source dags/embed_images.py" in capsys.readouterr().out
    )


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A complete Astro project, which is the current folder."""
    folder = tmp_path / "project"
    (folder / "dags").mkdir(parents=True)
    for dag in check_managed.DAGS:
        (folder / f"dags/{dag}.py").touch()
    (folder / "Dockerfile").write_text("FROM astrocrpublic.azurecr.io/runtime:3.3-2\n")
    (folder / "requirements.txt").write_text("./airflow_vitrine-2.0.0-py3-none-any.whl\n")
    monkeypatch.chdir(folder)
    return folder


def test_a_complete_deployment_of_astro(answers, project, capsys):
    answers("astro", DEPLOYMENT)
    assert check_managed.main(["astro", "night"]) == 0, capsys.readouterr().out


def test_what_astro_lacks_is_named(answers, project, capsys):
    answers("astro", changed(DEPLOYMENT, "deployment.configuration", {"runtime_version": "3.2-1"}))
    (project / "Dockerfile").write_text("FROM astrocrpublic.azurecr.io/runtime:3.0-1\n")
    (project / "requirements.txt").write_text("pillow\n")
    (project / "dags/embed_images.py").unlink()
    assert check_managed.main(["astro", "night"]) == 1
    assert capsys.readouterr().out.count("MISSING") == 5


def test_a_command_that_fails_is_shown(capsys, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert check_managed.main(["astro", "night"]) == 1
    assert "astro is not installed" in capsys.readouterr().err
    assert check_managed.main(["composer"]) == check_managed.USAGE


def test_every_dag_is_asked_for():
    assert {"setup_image_search", "embed_images", "search_images"} <= set(check_managed.DAGS)


@pytest.mark.parametrize("page", ["composer", "astro"])
def test_the_pages_name_the_check_as_it_is_called(page):
    text = (ROOT / f"deploy/{page}/README.md").read_text()
    assert re.search(rf"deploy/check_managed.py {page} ", text)
