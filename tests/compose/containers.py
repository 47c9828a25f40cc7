"""Containers without Docker: what `docker compose` makes of a parsed file, from Linux namespaces and Debian's packages.

Each container has an address, a host name, processes, mounts and a user of its own, and sees nothing of this
machine but what its image and its volumes give it. Only root can make them.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

SUBNET = "10.77.0"
POLL_SECONDS = 0.5
# Debian's folders with programs and libraries.
SYSTEM = ("usr", "etc", "var/lib/locales")
LINKS = ("bin", "sbin", "lib", "lib64")
PUBLISH = Path(__file__).with_name("publish.py")


@dataclass(frozen=True)
class Image:
    """What a container's disk begins with: read-only folders and files of this machine by where they appear,
    folders that belong to the container, environment, and who runs what."""

    files: dict[str, Path]
    writable: tuple[str, ...]
    environment: dict[str, str]
    user: str
    workdir: str
    # Shell text that ends in `exec "$@"`.
    entrypoint: str


def run(*command: object, **more: object) -> str:
    """Run a command of the system; fail with what it says."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, **more)
    assert done.returncode == 0, f"{shlex.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout


@dataclass
class Network:
    """A switch that only its containers are connected to, in a network namespace of its own."""

    name: str
    addresses: dict[str, str] = field(default_factory=dict)
    relay: subprocess.Popen | None = None

    def __enter__(self) -> Network:
        run("ip", "netns", "add", self.name)
        run("ip", "-n", self.name, "link", "set", "lo", "up")
        run("ip", "-n", self.name, "link", "add", "switch", "type", "bridge")
        run("ip", "-n", self.name, "addr", "add", f"{SUBNET}.1/24", "dev", "switch")
        run("ip", "-n", self.name, "link", "set", "switch", "up")
        return self

    def __exit__(self, *_: object) -> None:
        if self.relay:
            self.relay.kill()
            self.relay.wait()
        for host in [*self.addresses, ""]:
            subprocess.run(["ip", "netns", "del", self.namespace(host)], capture_output=True)

    def namespace(self, host: str) -> str:
        """Name of a container's network namespace; of the switch's for ""."""
        return f"{self.name}-{host}" if host else self.name

    def connect(self, host: str) -> None:
        """Give a host an address."""
        number = len(self.addresses) + 2
        self.addresses[host] = f"{SUBNET}.{number}"
        inside, plug = self.namespace(host), f"plug{number}"
        run("ip", "netns", "add", inside)
        run(
            "ip",
            "-n",
            self.name,
            "link",
            "add",
            plug,
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            inside,
        )
        run("ip", "-n", self.name, "link", "set", plug, "master", "switch", "up")
        run("ip", "-n", inside, "addr", "add", f"{self.addresses[host]}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            run("ip", "-n", inside, "link", "set", device, "up")

    def hosts(self) -> str:
        """Everybody's address, as in /etc/hosts."""
        named = [f"{address} {host}" for host, address in self.addresses.items()]
        return "\n".join(["127.0.0.1 localhost", *named, ""])

    def publish(self, ports: Iterable[tuple[str, int, str, int]]) -> None:
        """Let this machine reach ports of hosts: (address here, port here, host, port there)."""
        targets = [[here, port, self.addresses[host], there] for here, port, host, there in ports]
        command = [sys.executable, PUBLISH, f"/run/netns/{self.name}", json.dumps(targets)]
        self.relay = subprocess.Popen(command)


@dataclass
class Container:
    """One container of a service."""

    name: str
    service: dict
    image: Image
    network: Network
    folder: Path  # of the whole project: volumes, disks, logs
    volumes: Mapping[str, Path]
    process: subprocess.Popen | None = None

    @property
    def log(self) -> Path:
        """What its processes print."""
        return self.folder / "logs" / f"{self.name}.log"

    @property
    def environment(self) -> dict[str, str]:
        """Of the image, the service, and what Docker sets."""
        own = {
            name: value
            for name, value in (self.service.get("environment") or {}).items()
            if value is not None
        }
        # Compose writes the file as it can read it again: a dollar is two.
        own = {name: value.replace("$$", "$") for name, value in own.items()}
        return self.image.environment | {"HOSTNAME": self.name} | own

    @property
    def user(self) -> str:
        """uid:gid"""
        return self.service.get("user") or self.image.user

    def start(self) -> None:
        """Start it, on its own disk, which is what it was when it was killed."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = [word.replace("$$", "$") for word in self.service.get("command") or []]
        script = "\n".join([*self._mounts(), self._enter(command)])
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.network.namespace(self.name),
                 "unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "sh", "-euc", script],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def kill(self) -> None:
        """End it as kill -9 does, with everything in it."""
        if first := self._first_process():
            first.kill()
        self.wait()

    def stop(self) -> None:
        """End it as `docker stop` does: politely, then not."""
        if (first := self._first_process()) is None:
            return
        first.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        self.kill()

    def wait(self, seconds: float | None = 180) -> int:
        """Its exit code."""
        return self.process.wait(seconds)

    def is_healthy(self) -> bool:
        """Whether the service's own health check says so."""
        kind, *words = self.service["healthcheck"]["test"]
        words = [word.replace("$$", "$") for word in words]
        command = words if kind == "CMD" else ["sh", "-c", *words]
        return self.execute(*command).returncode == 0

    def execute(self, *command: str) -> subprocess.CompletedProcess:
        """Run a command in it, as `docker exec` does."""
        first = self._first_process()
        if first is None:
            return subprocess.CompletedProcess(command, 255, "", f"{self.name} has ended")
        uid, gid = self.user.split(":")
        enter = [
            "nsenter",
            "--target",
            str(first.pid),
            "--mount",
            "--uts",
            "--net",
            "--pid",
            "--root",
            "--wd",
        ]
        become = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
        return subprocess.run(
            [*enter, *become, *command], env=self.environment, capture_output=True, text=True, timeout=120
        )

    def tail(self) -> str:
        """The end of its log."""
        return f"The end of {self.log}:\n" + "\n".join(
            self.log.read_text(errors="replace").splitlines()[-40:]
        )

    def _first_process(self) -> psutil.Process | None:
        """Process 1 of the container: the child of unshare, into which ip has turned."""
        with suppress(psutil.NoSuchProcess, AttributeError):
            for child in psutil.Process(self.process.pid).children():
                return child
        return None

    def _mounts(self) -> list[str]:
        """Shell lines that put the container's disk together below $root."""
        disk, root = self.folder / "disks" / self.name, self.folder / "roots" / self.name
        root.mkdir(parents=True, exist_ok=True)
        etc = disk / "etc"
        etc.mkdir(parents=True, exist_ok=True)
        (etc / "hosts").write_text(self.network.hosts())
        passwd = Path("/etc/passwd").read_text().rstrip()
        (etc / "passwd").write_text(f"{passwd}\nairflow:x:50000:0::/home/airflow:/bin/bash\n")
        lines = [
            f"hostname {self.name}",
            "mount --make-rprivate /",
            f"root={root}",
            'mount -t tmpfs -o mode=755 tmpfs "$root"',
            'ro() { if [ -d "$1" ]; then mkdir -p "$root$2"; else mkdir -p "$(dirname "$root$2")"; touch "$root$2"; fi',
            '  mount --bind "$1" "$root$2"; mount -o remount,ro,bind "$root$2"; }',
            'rw() { mkdir -p "$root$2"; mount --bind "$1" "$root$2"; }',
            # Not shadow, keys and the like: a file system of Debian's, as an image has one.
            *(f"ro /{name} /{name}" for name in SYSTEM if Path("/", name).is_dir()),
            *(f'ln -s {os.readlink(f"/{name}")} "$root/{name}"' for name in LINKS if Path("/", name).is_symlink()),
            'mkdir -p "$root/proc" "$root/dev/shm" && mkdir -m 1777 "$root/tmp"',
            'mount -t proc proc "$root/proc"',
            *(f'touch "$root/dev/{name}"; mount --bind /dev/{name} "$root/dev/{name}"'
              for name in ("null", "zero", "random", "urandom")),
            'mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"; ln -s /proc/self/fd "$root/dev/fd"',
            *(f"mount --bind {etc / name} $root/etc/{name}" for name in ("hosts", "passwd")),
        ]  # fmt: skip
        uid, gid = self.user.split(":")
        for target in self.image.writable:
            own = disk / target.lstrip("/")
            own.mkdir(parents=True, exist_ok=True)
            os.chown(own, int(uid), int(gid))
            lines.append(f"rw {own} {target}")
        lines += [f"ro {source} {target}" for target, source in self.image.files.items()]
        for volume in self.service.get("volumes", []):
            lines.append(self._volume(volume, int(uid), int(gid)))
        return lines

    def _volume(self, volume: dict, uid: int, gid: int) -> str:
        if volume["type"] == "bind":
            assert Path(volume["source"]).exists(), f"{volume['source']} is not there"
            return f"{'ro' if volume.get('read_only') else 'rw'} {volume['source']} {volume['target']}"
        source = self.volumes[volume["source"]]
        if not source.exists():
            source.mkdir(parents=True)
            os.chown(source, uid, gid)
        return f"rw {source} {volume['target']}"

    def _enter(self, command: list[str]) -> str:
        uid, gid = self.user.split(":")
        workdir = self.service.get("working_dir") or self.image.workdir
        inside = shlex.join(["sh", "-euc", f"cd {workdir}\n{self.image.entrypoint}", "entrypoint", *command])
        return f'mkdir -p "$root{workdir}"; exec chroot --userspec={uid}:{gid} --groups= "$root" {inside}'


@dataclass
class Project:
    """All services of a parsed Compose file, from the images of the given names."""

    services: dict[str, dict]
    images: dict[str, Image]
    network: Network
    folder: Path
    containers: dict[str, Container] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, service in self.services.items():
            count = service.get("deploy", {}).get("replicas", 1)
            for host in [name] if count == 1 else [f"{name}-{number}" for number in range(1, count + 1)]:
                if host not in self.network.addresses:
                    self.network.connect(host)
                image = self.images[service["image"].partition(":")[0]]
                volumes = _Volumes(self.folder / "volumes")
                self.containers[host] = Container(host, service, image, self.network, self.folder, volumes)

    def of(self, service: str) -> list[Container]:
        """The containers of a service."""
        return [each for each in self.containers.values() if each.service is self.services[service]]

    def up(self, seconds: float = 300) -> None:
        """Start every service when what it depends on is ready, as `docker compose up --wait` does."""
        deadline, started = time.monotonic() + seconds, dict[str, bool]()
        while len(started) < len(self.services) or not all(started.values()):
            assert time.monotonic() < deadline, self._stuck(started)
            for name, service in self.services.items():
                if name not in started and all(
                    started.get(other) for other in service.get("depends_on", {}) if other in self.services
                ):
                    for container in self.of(name):
                        container.start()
                    started[name] = False
                elif started.get(name) is False:
                    started[name] = all(self._is_ready(name, container) for container in self.of(name))
            time.sleep(POLL_SECONDS)

    def down(self) -> None:
        """Stop everything, what depends on others first; the volumes stay."""
        waiting = dict(self.services)
        while waiting:
            needed = {other for service in waiting.values() for other in service.get("depends_on", {})}
            last = [name for name in waiting if name not in needed]
            stopping = [container for name in last for container in self.of(name) if container.process]
            with ThreadPoolExecutor() as pool:
                list(pool.map(Container.stop, stopping))
            for name in last:
                del waiting[name]

    def _is_ready(self, name: str, container: Container) -> bool:
        code = container.process.poll()
        if "healthcheck" not in container.service:
            assert not code, f"{name} failed with {code}. {container.tail()}"
            return code == 0
        assert code is None, f"{name} ended with {code}. {container.tail()}"
        return container.is_healthy()

    def _stuck(self, started: dict[str, bool]) -> str:
        waiting = [name for name, ready in started.items() if not ready]
        tails = [container.tail() for name in waiting for container in self.of(name)]
        return "\n".join([f"{', '.join(waiting)}: not ready", *tails])


class _Volumes(dict):
    """Where the volumes of a project are, by name."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def __missing__(self, name: str) -> Path:
        return self.folder / name


def why_not() -> str:
    """Why there can be no containers on this machine; "" where there can."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "only root on Linux can make namespaces"
    missing = [
        name for name in ("ip", "unshare", "nsenter", "setpriv", "redis-server") if not shutil.which(name)
    ]
    return f"missing: {', '.join(missing)}" if missing else ""
