"""`make up` starts only what does not run and says why something cannot; `make down` stops only its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from scripts import stack as module
from scripts.health import get_json
from scripts.stack import INTERRUPTED, ROOT, Service, Stack, StackError, is_taken
from tests.conftest import free_ports

SERVER = """
import http.server, subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b'{"status": "here"}')
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def stack(tmp_path: Path):
    """A stack in a folder of its own, stopped afterwards."""
    stack = Stack(tmp_path)
    yield stack
    stack.stop("server", "other")


@pytest.fixture
def server() -> Service:
    """A small server that has a child process."""
    return service("server", SERVER)


def service(name: str, code: str) -> Service:
    """Describe a Python program that serves on a port of its own."""
    [port] = free_ports(1)
    return Service(
        name=name,
        command=(sys.executable, "-c", code, port),
        environment=dict(os.environ),
        ports=(int(port),),
        is_healthy=lambda: get_json(f"http://127.0.0.1:{port}/") is not None,
    )


def test_a_second_start_changes_nothing(stack, server):
    stack.start(server)
    first = stack.process("server").pid
    stack.start(server)
    assert stack.process("server").pid == first


def test_stop_ends_the_process_and_its_children(stack, server):
    stack.start(server)
    [child] = stack.process("server").children()
    assert stack.stop("server") == ["server"]
    assert not is_taken(server.ports[0])
    assert not child.is_running()
    assert stack.stop("server") == []


def test_a_taken_port_is_named_and_its_owner_left_alone(stack, server):
    stack.start(server)
    other = Service("other", server.command, server.environment, server.ports, server.is_healthy)
    pid = stack.process("server").pid
    taken = rf"other: port {server.ports[0]} of 127.0.0.1 is taken by \S+ \(process {pid}\)"
    with pytest.raises(StackError, match=taken):
        # Before anything else is started.
        stack.start(service("third", SERVER), other)
    assert stack.process("third") is None
    assert stack.process("server") is not None


def test_a_process_that_ends_at_once_shows_its_last_words(stack, server):
    broken = service("other", "raise SystemExit('no such luck')")
    with pytest.raises(StackError, match="no such luck"):
        stack.start(server, broken)
    # What was started with it is stopped again.
    assert stack.process("server") is None


def test_a_full_disk_is_named_before_anything_starts(stack, server, monkeypatch):
    monkeypatch.setattr(module, "FREE_MB", 10**9)
    with pytest.raises(StackError, match=f"MB are free on the disk of {stack.folder}, 1000000000 are needed"):
        stack.start(server)
    assert stack.process("server") is None


SWALLOWS = """
import subprocess, sys
from scripts.stack import end_on_interrupt
end_on_interrupt("Stopped.")
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(child.pid, flush=True)
while True:
    try:
        child.wait()
    except BaseException:
        pass  # as Airflow does
"""


def test_an_interrupt_ends_a_process_and_what_it_has_started_whatever_it_catches():
    process = subprocess.Popen([sys.executable, "-c", SWALLOWS], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(process.stdout.readline()))
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert (process.returncode, rest) == (INTERRUPTED, "\nStopped.\n")
    assert not child.is_running()


def test_ctrl_c_in_make_ends_with_one_line(tmp_path):
    (tmp_path / "python").write_text(f"#!{sys.executable}\n{SWALLOWS}")
    (tmp_path / "python").chmod(0o755)
    make = subprocess.Popen(
        ["make", "-o", "setup", "-o", ".local/collections.yaml", "demo", f"VENV={tmp_path}"],
        cwd=ROOT,
        # A person's make is not part of the one that runs these tests.
        env={name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    child = psutil.Process(int(make.stdout.readline()))
    # As a terminal does: to make, to the shell, and to Python.
    os.killpg(make.pid, signal.SIGINT)
    rest, _ = make.communicate(timeout=60)
    assert (make.returncode, rest) == (-signal.SIGINT, "\nStopped.\n")
    assert not child.is_running()


def test_a_pid_that_now_belongs_to_another_process_is_not_ours(stack):
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    pid_file = stack.folder / "run/server.pid"
    pid_file.parent.mkdir()
    pid_file.write_text(f"[{stranger.pid}, 1.0]")
    assert stack.process("server") is None
    assert stack.stop("server") == []
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_the_checkout_is_where_the_stack_thinks():
    assert (ROOT / "config/local.env").exists()
