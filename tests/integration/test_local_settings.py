"""Every Airflow process reaches the emulator, whichever of Google's two client libraries it uses."""

import os
import subprocess
import sys

SHOW_ROOT = """
import airflow.settings
from gcloud.aio.bigquery.bigquery import init_api_root
print(*init_api_root(None))
print(*init_api_root("http://elsewhere"))
"""


def test_the_aio_library_accepts_the_emulators_url():
    done = subprocess.run([sys.executable, "-c", SHOW_ROOT], capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        f"True {os.environ['BIGQUERY_EMULATOR_HOST']}/bigquery/v2",
        "True http://elsewhere",
    ], done.stderr


def test_without_an_emulator_the_library_is_left_alone():
    environment = {name: value for name, value in os.environ.items() if name != "BIGQUERY_EMULATOR_HOST"}
    done = subprocess.run([sys.executable, "-c", SHOW_ROOT], capture_output=True, text=True, env=environment)
    assert done.stdout.splitlines()[0] == "False https://www.googleapis.com/bigquery/v2", done.stderr
