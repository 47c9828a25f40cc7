"""Nothing outside of this machine is needed: start and work in a network namespace that only has loopback."""

import shutil
import subprocess
import sys

import pytest
from emulator_process import ROOT

ISOLATED = ["unshare", "--net", "--map-root-user", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
WORK = """
import sys
from pathlib import Path
import pictures, socket
from emulator_process import EmulatorProcess
try:
    socket.create_connection(("8.8.8.8", 53), timeout=2)
except OSError:
    pass
else:
    sys.exit("this test is not isolated")
with EmulatorProcess(Path(sys.argv[1])) as process:
    pictures.setup(process, "ds", "offline", {"red.png": pictures.png(pictures.COLOURS["red"])})
    sql = "SELECT status FROM AI.GENERATE_EMBEDDING(MODEL ds.model, TABLE ds.images)"
    assert [row.status for row in process.bigquery().query_and_wait(sql)] == [""]
"""


def isolation_works() -> bool:
    """Whether this machine lets us make a network namespace."""
    if not shutil.which("unshare") or not shutil.which("ip"):
        return False
    return subprocess.run([*ISOLATED, "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(
    not isolation_works(), reason="needs unshare, ip and the right to make a network namespace"
)
def test_it_starts_and_embeds_without_a_network(tmp_path):
    command = [*ISOLATED, sys.executable, "-c", WORK, str(tmp_path)]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
