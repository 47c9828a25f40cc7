"""`make up` starts only what does not run and says why something cannot; `make down` stops only its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.health import get_json
from scripts.stack import ROOT, Service, Stack, StackError, is_taken
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
    with pytest.raises(StackError, match=f"other: port {server.ports[0]} of 127.0.0.1 is taken"):
        stack.start(other)
    assert stack.process("server") is not None


def test_a_process_that_ends_at_once_shows_its_last_words(stack, server):
    broken = service("other", "raise SystemExit('no such luck')")
    with pytest.raises(StackError, match="no such luck"):
        stack.start(server, broken)
    # What was started with it is stopped again.
    assert stack.process("server") is None


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
