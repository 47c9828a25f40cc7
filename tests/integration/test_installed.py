"""The wheel in an empty Airflow, with nothing but dags/ and a collections.yaml beside it.

AIRFLOW_PYTHON names the Python of an environment with another Airflow: `make test-airflow-3.3.1`.
"""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.package import build_wheel

ROOT = Path(__file__).resolve().parents[2]
PYTHON = os.environ.get("AIRFLOW_PYTHON", sys.executable)
PICTURES = ("drawings/car-red.jpg", "drawings/car-blue-sports.jpg", "photos/cat.jpg", "photos/panda.jpg")
COLLECTIONS = """
collections:
  pictures:
    project: demo-project
    objects: [gs://installed/*]
    gallery: {folder}/gallery
    dataset: installed
    saved_queries: [a furry animal]
    retry_wait_seconds: 1
    poll_seconds: 1
    index_poll_seconds: 1
"""
PURELIB = "import sysconfig; print(sysconfig.get_path('purelib'))"


def venv_with_airflow(folder: Path) -> Path:
    """An environment that has Airflow by sharing that of PYTHON: installing it again takes a minute."""
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", folder], check=True)
    shared, own = (
        Path(
            subprocess.run([python, "-c", PURELIB], check=True, capture_output=True, text=True).stdout.strip()
        )
        for python in (PYTHON, folder / "bin/python")
    )
    (own / "airflow.pth").write_text(f"{shared}\n")
    return own


def environment(folder: Path) -> dict[str, str]:
    """That of the tests, without what points to the checkout; only the patch for emulators is left."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("VITRINE_")}
    return ours | {
        "PYTHONPATH": str(ROOT / "config"),
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder / "plugins"),
    }


@pytest.fixture(scope="module")
def found(emulator, tmp_path_factory) -> dict:
    """What an Airflow finds that has the wheel: see tests/support/installed.py."""
    folder = tmp_path_factory.mktemp("installed")
    emulator.upload("installed", {name: (ROOT / "demo/images" / name).read_bytes() for name in PICTURES})
    with zipfile.ZipFile(build_wheel(folder)) as wheel:
        wheel.extractall(venv_with_airflow(folder / "venv"))
    shutil.copytree(ROOT / "dags", folder / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "collections.yaml").write_text(COLLECTIONS.format(folder=folder))
    done = subprocess.run(
        [folder / "venv/bin/python", ROOT / "tests/support/installed.py", folder],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    print({name: answer[name] for name in ("airflow", "provider", "python")})
    return answer | {"folder": str(folder)}


def test_nothing_of_the_checkout_is_used(found):
    assert found["vitrine"].startswith(f"{found['folder']}/venv/")


def test_the_plugin_comes_through_its_entry_point(found):
    assert found["plugin_errors"] == {}
    assert "airflow-vitrine" in found["plugins"]["vitrine"]
    assert "EntryPoint" in found["plugins"]["vitrine"]


def test_the_dags_are_imported_and_green(found):
    assert found["import_errors"] == {}
    # A teardown waits for a person.
    assert set(found["dags"]) - set(found["states"]) == {"teardown_image_search__pictures"}
    assert set(found["states"].values()) == {"success"}, found["states"]


def test_the_pages_answer(found):
    assert set(found["pages"].values()) == {200}, found["pages"]
