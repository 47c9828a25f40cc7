"""The distribution airflow-vitrine: complete, with the dependencies that its requirements name, at one version."""

import re
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import vitrine
from tests.meta.test_project import imports, trees
from tests.support.package import build_sdist, build_wheel

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
FLOOR = (3, 11)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Built without a network."""
    with zipfile.ZipFile(build_wheel(tmp_path_factory.mktemp("wheel"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    """What the wheel says of itself."""
    [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return Parser().parsestr(wheel.read(name).decode())


def files(folder: str) -> set[str]:
    """The files of a folder of the checkout, relative to it."""
    paths = [
        path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    return {path.relative_to(ROOT / folder).as_posix() for path in paths}


def test_the_wheel_has_the_package_its_statements_and_the_plugin(wheel):
    expected = {f"vitrine/{name}" for name in files("plugins/vitrine")} | {
        f"vitrine/sql/{name}" for name in files("include/sql")
    }
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == expected | {
        "vitrine_plugin.py"
    }
    assert {"vitrine/web/templates/base.html", "vitrine/web/static/vitrine.css"} <= expected


def test_airflow_finds_the_plugin(wheel):
    [name] = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert wheel.read(name).decode().split() == [
        "[airflow.plugins]",
        "vitrine",
        "=",
        "vitrine_plugin:VitrinePlugin",
    ]


def test_the_source_distribution_builds_the_wheel_and_brings_the_dags(tmp_path):
    with tarfile.open(build_sdist(tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= {f"plugins/vitrine/{name}" for name in files("plugins/vitrine")}
    assert names >= {f"include/sql/{name}" for name in files("include/sql")}
    assert names >= {f"dags/{name}" for name in files("dags")}
    assert names >= {"pyproject.toml", "LICENSE", "README.md", "include/collections.yaml"}
    assert not any(name.startswith(("emulator/", "tests/")) for name in names)


def test_the_version_is_said_once(metadata):
    assert metadata["Version"] == vitrine.__version__
    assert "version" in PROJECT["dynamic"]


def test_managed_airflow_installs_what_the_wheel_needs_but_airflow(metadata):
    lines = (ROOT / "requirements-managed.txt").read_text().splitlines()
    managed = {str(Requirement(line)) for line in lines if line and not line.startswith("#")}
    needed = {Requirement(line) for line in metadata.get_all("Requires-Dist") if "extra ==" not in line}
    assert managed == {str(each) for each in needed if each.name != "apache-airflow"}
    [airflow] = [each for each in needed if each.name == "apache-airflow"]
    for release in ("3.3.1", "3.3.2", "3.3.1+composer"):
        assert airflow.specifier.contains(release), "an Airflow that is there is not replaced"
    assert not airflow.specifier.contains("3.3.0")


def test_there_is_an_extra_for_each_purpose(metadata):
    assert set(metadata.get_all("Provides-Extra")) == {"celery", "kubernetes", "map", "openlineage", "statsd"}


def test_what_is_locked_is_what_the_wheel_takes():
    locked = dict(
        re.findall(r"^([\w.-]+)(?:\[.*\])?==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    )
    for line in PROJECT["dependencies"]:
        needed = Requirement(line)
        assert needed.specifier.contains(locked[needed.name]), line


def test_every_import_is_of_what_is_installed_with_it():
    """By name, or because Airflow needs it itself; what draws the map, by its extra."""
    named = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["map"]]
    direct = {Requirement(line).name for line in named}
    brought = [
        Requirement(line).name
        for airflow in ("apache-airflow", "apache-airflow-core", "apache-airflow-providers-google")
        for line in requires(airflow) or []
        if "extra ==" not in line
    ]
    # Each is half of one of those.
    halves = {"apache-airflow-task-sdk", "anyio", "pydantic-core"}
    known = {canonicalize_name(name) for name in [*direct, *brought]} | halves
    owners = packages_distributions()
    used = {
        name: {canonicalize_name(owner) for owner in owners[name]}
        for _, tree in trees("plugins", "dags")
        for name in imports(tree)
        if name in owners
    }
    assert "PIL" in used
    assert {name: owner for name, owner in used.items() if not owner & known} == {}


def test_the_floor_of_python_is_the_one_that_ruff_checks():
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    version = "".join(map(str, FLOOR))
    assert PROJECT["requires-python"] == ">=" + ".".join(map(str, FLOOR))
    assert tools["ruff"]["per-file-target-version"] == {
        "plugins/**": f"py{version}",
        "dags/**": f"py{version}",
    }
