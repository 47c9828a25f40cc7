"""The local stack: the embedded BigQuery with its storage, and Airflow's four processes, in the background.

`make up` starts whatever is not running and returns when everything is healthy; `make down`, which is
`python -m scripts.stack`, stops what that has started and nothing else. The environment (config/local.env)
sets the ports, AIRFLOW_HOME and EMULATOR_DATA. The tests use the same class with their own folder and ports.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from scripts import health

ROOT = Path(__file__).resolve().parent.parent
# All processes share a disk and read the logs from it; log servers would listen beyond loopback.
AIRFLOW_PROCESSES = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
}
START_SECONDS = 240
STOP_SECONDS = 30
POLL_SECONDS = 0.3
LOG_TAIL_LINES = 25
# What the demo's pictures, databases and logs take, and as much again for a search of one's own.
FREE_MB = 300
INTERRUPTED = 128 + signal.SIGINT  # as a shell says it


class StackError(RuntimeError):
    """The stack cannot start. The message names the process, the reason and the log."""


@dataclass(frozen=True)
class Service:
    """One background process: its command, environment, ports and health check."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    ports: tuple[int, ...]
    is_healthy: Callable[[], bool]


def emulator_service() -> Service:
    """The embedded BigQuery, which starts its own object storage."""
    names = ("BIGQUERY_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "EMULATOR_PROJECT")
    return Service(
        name="emulator",
        command=(str(ROOT / "emulator/.venv/bin/python"), "-m", "bqml_emulator"),
        environment=os.environ | {"PYTHONPATH": str(ROOT / "emulator")},
        ports=(int(os.environ["EMULATOR_PORT"]), int(os.environ["STORAGE_PORT"])),
        is_healthy=partial(health.emulator_is_healthy, *(os.environ[name] for name in names)),
    )


def airflow_service(process: str) -> Service:
    """One of Airflow's processes, as healthy as the API server says it is."""
    component = "metadatabase" if process == "api-server" else process.replace("-", "_")
    return Service(
        name=process,
        command=(str(ROOT / ".venv/bin/airflow"), process, *AIRFLOW_PROCESSES[process]),
        environment=dict(os.environ),
        ports=(int(os.environ["AIRFLOW_PORT"]),) if process == "api-server" else (),
        is_healthy=partial(health.airflow_is_healthy, os.environ["AIRFLOW__API__BASE_URL"], component),
    )


def is_taken(port: int) -> bool:
    """Whether a process listens on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def owner(port: int) -> str:
    """Who listens on a port, as far as the system tells us: it hides other people's processes."""
    with suppress(psutil.AccessDenied, psutil.NoSuchProcess):
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr
            if listens and connection.pid and listens.port == port:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return "another process"


def check_ports(service: Service) -> None:
    """Refuse to start a service whose ports are not free. Errors: StackError."""
    for port in service.ports:
        if is_taken(port):
            raise StackError(
                f"{service.name}: port {port} of 127.0.0.1 is taken by {owner(port)}. "
                "Stop it, or choose other ports with EMULATOR_PORT, STORAGE_PORT and AIRFLOW_PORT."
            )


def check_disk(folder: Path) -> None:
    """Refuse a disk that is all but full: databases fail there in many ways. Errors: StackError."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < FREE_MB:
        raise StackError(f"{free} MB are free on the disk of {folder}, {FREE_MB} are needed: make room.")


@dataclass(frozen=True)
class Stack:
    """Background services with their pid files and logs in `folder`."""

    folder: Path

    def start(self, *services: Service) -> None:
        """Start what is not running and wait until all are healthy; on failure, stop what was started."""
        missing = [service for service in services if self.process(service.name) is None]
        self.check(*missing)
        deadline = time.monotonic() + START_SECONDS
        try:
            for service in missing:
                self._launch(service)
            for service in services:
                self._wait(service, deadline)
        except BaseException:
            self.stop(*(service.name for service in missing))
            raise

    def check(self, *services: Service) -> None:
        """Refuse what cannot start, of services that do not run. Errors: StackError."""
        if missing := [service for service in services if self.process(service.name) is None]:
            check_disk(self.folder)
        for service in missing:
            check_ports(service)

    def stop(self, *names: str) -> list[str]:
        """Stop the running ones of these services, all at once. Returns their names."""
        running = {name: process for name in names if (process := self.process(name))}
        terminate(list(running.values()))
        for name in names:
            self._pid_file(name).unlink(missing_ok=True)
        return list(running)

    def process(self, name: str) -> psutil.Process | None:
        """The live process that `start` launched; never another one that has since been given its pid."""
        try:
            pid, created = json.loads(self._pid_file(name).read_text())
            process = psutil.Process(pid)
            same = process.create_time() == created and process.status() != psutil.STATUS_ZOMBIE
        except (FileNotFoundError, psutil.NoSuchProcess):
            return None
        return process if same else None

    def log(self, name: str) -> Path:
        """Path of a service's log."""
        return self.folder / "logs" / f"{name}.log"

    def _pid_file(self, name: str) -> Path:
        return self.folder / "run" / f"{name}.pid"

    def _launch(self, service: Service) -> None:
        for path in (self.log(service.name), self._pid_file(service.name)):
            path.parent.mkdir(parents=True, exist_ok=True)
        with self.log(service.name).open("w") as log:
            process = subprocess.Popen(
                service.command,
                cwd=ROOT,
                env=service.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        created = psutil.Process(process.pid).create_time()
        self._pid_file(service.name).write_text(json.dumps([process.pid, created]))

    def _wait(self, service: Service, deadline: float) -> None:
        while not service.is_healthy():
            if self.process(service.name) is None:
                raise StackError(f"{service.name} stopped at once.\n{self._log_tail(service.name)}")
            if time.monotonic() > deadline:
                raise StackError(
                    f"{service.name} is not healthy after {START_SECONDS} s.\n{self._log_tail(service.name)}"
                )
            time.sleep(POLL_SECONDS)

    def _log_tail(self, name: str) -> str:
        lines = self.log(name).read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        return "\n".join([f"The end of {self.log(name)}:", *lines])


def terminate(processes: list[psutil.Process]) -> None:
    """Terminate processes, wait for them and their children, and kill what is left."""
    children: list[psutil.Process] = []
    # Only the parents: each stops its own children in its own order.
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            children += process.children(recursive=True)
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=STOP_SECONDS)
    _, orphans = psutil.wait_procs(children, timeout=1)
    for survivor in [*alive, *orphans]:
        survivor.kill()
    psutil.wait_procs([*alive, *orphans], timeout=STOP_SECONDS)


def end_on_interrupt(sentence: str) -> None:
    """From now on Ctrl-C ends this process with all that it has started, and says so.

    KeyboardInterrupt would not: Airflow takes it for the failure of a task, and goes on.
    """
    screen = os.dup(1)

    def end(*_: object) -> None:
        # Who presses it again must not leave half of it running.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        terminate(psutil.Process().children())
        os.write(screen, f"\n{sentence}\n".encode())
        os._exit(INTERRUPTED)

    signal.signal(signal.SIGINT, end)


def all_services() -> list[Service]:
    """Every service, in starting order."""
    return [emulator_service(), *map(airflow_service, AIRFLOW_PROCESSES)]


def migrate_database(log: Path) -> None:
    """Create or upgrade Airflow's own database (SQLite under AIRFLOW_HOME)."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        done = subprocess.run(
            [ROOT / ".venv/bin/airflow", "db", "migrate"], stdout=output, stderr=subprocess.STDOUT, cwd=ROOT
        )
    if done.returncode:
        raise StackError(f"airflow db migrate failed, see {log}")


@contextmanager
def emulator_running(folder: Path) -> Iterator[None]:
    """The embedded BigQuery within a block: the running one, or one that is stopped afterwards."""
    stack, service = Stack(folder), emulator_service()
    if stack.process(service.name) or service.is_healthy():
        yield
        return
    stack.start(service)
    try:
        yield
    finally:
        stack.stop(service.name)


def up(stack: Stack) -> None:
    """Start everything that is not running. Errors: StackError."""
    services = all_services()
    if not stack.process("api-server"):
        # Nobody should wait for Airflow's database before that.
        stack.check(*services)
        migrate_database(stack.log("migrate"))
    stack.start(*services)


def down(stack: Stack) -> None:
    """Stop everything and print what was stopped."""
    # The emulator last: processes that are still finishing use it.
    stopped = stack.stop(*AIRFLOW_PROCESSES) + stack.stop("emulator")
    print(f"Stopped {', '.join(stopped)}." if stopped else "Nothing was running.")


if __name__ == "__main__":
    down(Stack(ROOT / ".local"))
