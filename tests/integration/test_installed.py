"""The wheel in an empty Airflow, with nothing but dags/ and a collections.yaml beside it, watched by a StatsD
server and by OpenLineage.

AIRFLOW_PYTHON names the Python of an environment with another Airflow: `make test-airflow-3.3.1`.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

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


@contextmanager
def statsd() -> Iterator[tuple[int, list[str]]]:
    """A StatsD server: its port, and the lines that it has received once the block ends."""
    lines: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]

        def receive() -> None:
            while packet := server.recv(65_536):  # an empty one ends it
                lines.extend(packet.decode().splitlines())

        receiver = Thread(target=receive)
        receiver.start()
        yield port, lines
        server.sendto(b"", ("127.0.0.1", port))
        receiver.join()


def environment(folder: Path, statsd_port: int) -> dict[str, str]:
    """That of the tests, without what points to the checkout; only the patch for emulators is left."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("VITRINE_")}
    return ours | {
        "PYTHONPATH": str(ROOT / "config"),
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder / "plugins"),
        "AIRFLOW__METRICS__STATSD_ON": "True",
        "AIRFLOW__METRICS__STATSD_PORT": str(statsd_port),
        "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",  # which has tags
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
            {"type": "file", "log_file_path": str(folder / "lineage.jsonl"), "append": True}
        ),
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
    with statsd() as (port, gauges):
        done = subprocess.run(
            [folder / "venv/bin/python", ROOT / "tests/support/installed.py", folder],
            cwd=folder,
            env=environment(folder, port),
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr[-5000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    print({name: answer[name] for name in ("airflow", "provider", "python")})
    events = [json.loads(line) for line in (folder / "lineage.jsonl").read_text().splitlines()]
    return answer | {"folder": str(folder), "gauges": gauges, "events": events}


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


def test_a_statsd_server_receives_the_figures_of_the_night(found):
    tags = "collection=pictures,model=default"
    assert f"airflow.vitrine.run.complete,{tags}:1|g" in found["gauges"]
    # Setup has asked the model about one of them already.
    assert f"airflow.vitrine.run.images,outcome=published,{tags}:{len(PICTURES) - 1}|g" in found["gauges"]
    assert f"airflow.vitrine.backlog.images,{tags}:0|g" in found["gauges"]


@pytest.mark.parametrize(
    ("job", "read", "written"),
    [
        ("embed_images__pictures.refresh_listing", "gs://installed/", "pictures_images"),
        ("embed_images__pictures.pass_1.embed_batch", "pictures_images", "embedding_attempts"),
        ("embed_images__pictures.pass_1.settle_batch", "embedding_attempts", "pictures_image_embeddings"),
        (
            "embed_images__pictures.vector_index.wait_for_vector_index",
            "pictures_image_embeddings",
            "pictures_images_index",
        ),
        ("embed_images__pictures.report_run.manual_query.2", None, "embedding_runs"),
        ("search_images__pictures.search_images", "pictures_image_embeddings", "vector_search_results"),
        (
            "search_saved_queries__pictures.search_saved_queries",
            "pictures_image_embeddings",
            "saved_search_results",
        ),
    ],
)
def test_openlineage_follows_the_images_from_the_bucket_to_what_is_found(found, job, read, written):
    events = [event for event in found["events"] if event["job"]["name"] == job]
    assert not read or read in {name_of(table) for event in events for table in event["inputs"]}
    assert written in {name_of(table) for event in events for table in event["outputs"]}


def name_of(dataset: dict[str, str]) -> str:
    """The address of a bucket, or the name of a table without those of its project and dataset."""
    namespace, name = dataset["namespace"], dataset["name"]
    return name.rpartition(".")[2] if namespace == "bigquery" else namespace + name
