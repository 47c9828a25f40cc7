"""A release: tag, version and changelog agree, and what it holds names every package."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from scripts.licences import pins
from scripts.release import CHANGELOG, ReleaseError, main, notes
from vitrine import __version__

ROOT = Path(__file__).resolve().parents[2]
LOG = """# Changelog

## Unreleased

- Something.

## 2.1.0 - 2026-12-24

- Presents.

## 2.0.0 - 2026-11-27

- All of it.
"""


def test_the_notes_are_the_versions_section():
    assert notes("v2.1.0", "2.1.0", LOG) == "- Presents."


@pytest.mark.parametrize(
    ("tag", "version", "log", "said"),
    [
        ("v2.1.0", "2.0.0", LOG, "The tag v2.1.0 is not v2.0.0"),
        ("2.1.0", "2.1.0", LOG, "The tag 2.1.0 is not v2.1.0"),
        ("v2.2.0", "2.2.0", LOG, "nothing below a heading '## 2.2.0 - YYYY-MM-DD'"),
        ("v2.0.0", "2.0.0", LOG, "a section of 2.1.0, which is newer than 2.0.0"),
        ("v2.1.0", "2.1.0", LOG.replace("- Presents.\n", ""), "nothing below a heading '## 2.1.0"),
    ],
)
def test_what_does_not_agree_is_named(tag, version, log, said):
    with pytest.raises(ReleaseError, match=said):
        notes(tag, version, log)


def test_this_version_is_released_or_can_be():
    log = CHANGELOG.read_text()
    try:
        notes(f"v{__version__}", __version__, log)
    except ReleaseError:
        assert "\n## Unreleased\n" in log, f"nothing says what is in {__version__}"


def test_the_command_refuses_a_wrong_tag(capsys):
    assert main(["v0.0.1"]) == 1
    assert f"is not v{__version__}" in capsys.readouterr().err


@pytest.fixture(scope="module")
def workflow() -> dict:
    """The workflow that makes a release."""
    return yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())


def test_a_tag_makes_a_release_and_checks_itself(workflow):
    assert workflow[True]["push"]["tags"] == ["v[0-9]+.[0-9]+.[0-9]+"]  # `on` is YAML's true
    commands = [step.get("run", "") for step in workflow["jobs"]["build"]["steps"]]
    assert "make dist TAG=${{ github.ref_name }}" in commands


def test_only_the_job_that_publishes_may_and_without_a_password(workflow):
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["jobs"]["publish"]["permissions"] == {"id-token": "write"}
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text()


def test_the_sbom_names_every_package_with_its_hashes(tmp_path):
    file = tmp_path / "sbom.cdx.json"
    command = [Path(sys.executable).with_name("cyclonedx-py"), "requirements", ROOT / "requirements.txt"]
    command += ["--pyproject", ROOT / "pyproject.toml", "--output-reproducible", "--output-format", "JSON"]
    subprocess.run([*command, "--output-file", file], check=True, capture_output=True)
    made = json.loads(file.read_text())
    assert made["bomFormat"] == "CycloneDX"
    assert made["metadata"]["component"]["name"] == "airflow-vitrine"
    assert {each["name"].lower(): each["version"] for each in made["components"]} == pins("requirements.txt")
    assert all("SHA-256" in json.dumps(each) for each in made["components"])
