"""The wheel of the emulator: complete, with the dependencies that requirements.in pins, and at home anywhere."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path

import pytest

EMULATOR = Path(__file__).resolve().parents[2] / "emulator"
SOURCES = ("pyproject.toml", "requirements.in", "README.md")
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
EMBED = """
from bqml_emulator import __main__, model
print(callable(__main__.main), model.__file__, len(model.load().embed_text("a red dress")))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Built without a network, of a copy: setuptools leaves its work beside the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = folder / "sources"
    without_caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(EMULATOR / "bqml_emulator", sources / "bqml_emulator", ignore=without_caches)
    for name in SOURCES:
        shutil.copy(EMULATOR / name, sources)
    command = [sys.executable, "-c", BUILD, str(folder)]
    subprocess.run(command, cwd=sources, check=True, capture_output=True)
    [path] = folder.glob("bqml_emulator-*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def _about(wheel: zipfile.ZipFile, name: str) -> str:
    [found] = [path for path in wheel.namelist() if path.endswith(f".dist-info/{name}")]
    return wheel.read(found).decode()


def test_it_holds_every_module_and_every_file_of_the_model(wheel: zipfile.ZipFile) -> None:
    files = [path for path in (EMULATOR / "bqml_emulator").rglob("*") if path.is_file()]
    expected = {path.relative_to(EMULATOR).as_posix() for path in files if "__pycache__" not in path.parts}
    assert {name for name in wheel.namelist() if name.startswith("bqml_emulator/")} == expected


def test_it_needs_what_requirements_pin(wheel: zipfile.ZipFile) -> None:
    lines = (EMULATOR / "requirements.in").read_text().splitlines()
    needed = Parser().parsestr(_about(wheel, "METADATA")).get_all("Requires-Dist")
    assert sorted(needed or []) == sorted(line for line in lines if not line.startswith("#"))


def test_it_brings_the_command(wheel: zipfile.ZipFile) -> None:
    assert "bqml-emulator = bqml_emulator.__main__:main" in _about(wheel, "entry_points.txt")


def test_its_model_is_at_home_in_any_folder(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    wheel.extractall(installed)
    command = [EMULATOR / ".venv/bin/python", "-c", EMBED]
    answer = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(installed)}, capture_output=True, text=True
    )
    expected = f"True {installed}/bqml_emulator/model/__init__.py 1408\n"
    assert answer.stdout == expected, answer.stderr
