"""The wheel and the source distribution of airflow-vitrine, as a release builds them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = "import sys; from hatchling import build; getattr(build, f'build_{sys.argv[1]}')(sys.argv[2])"


def build_wheel(folder: Path) -> Path:
    """The wheel of this checkout, in a folder."""
    return _build("wheel", folder, "*.whl")


def build_sdist(folder: Path) -> Path:
    """The source distribution of this checkout, in a folder."""
    return _build("sdist", folder, "*.tar.gz")


def _build(kind: str, folder: Path, pattern: str) -> Path:
    subprocess.run(
        [sys.executable, "-c", BUILD, kind, str(folder)], cwd=ROOT, check=True, capture_output=True
    )
    [built] = folder.glob(pattern)
    return built
