"""The storage as a child process, so that uploads and queries each have a core."""

import ctypes
import signal
import subprocess
import sys
import time

import urllib3

from bqml_emulator.core.config import Config

START_DEADLINE_SECONDS = 20.0
TAKE_OVER_DEADLINE_SECONDS = 3600.0  # while objects of an earlier version are copied
STOP_DEADLINE_SECONDS = 5.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def _die_with_parent():
    """After kill -9 of the emulator its storage must not stay behind and hold the port."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class StorageServer:
    """The process that serves the folder `config.objects_dir`; it reads the same environment as we do."""

    def __init__(self, config: Config):
        self.config = config
        self.process: subprocess.Popen | None = None
        self.stopping = False

    def start(self):
        """Start the child; it answers only after `wait_ready`."""
        command = [sys.executable, "-m", "bqml_emulator.storage"]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=2,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  no thread has been started yet
        )

    def wait_ready(self):
        """Return once the storage answers; RuntimeError when it ended or took too long."""
        is_taking_over = self.config.storage_dir.is_dir()
        seconds = TAKE_OVER_DEADLINE_SECONDS if is_taking_over else START_DEADLINE_SECONDS
        deadline = time.monotonic() + seconds
        http = urllib3.PoolManager(retries=False, timeout=2.0)
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(
                    f"the storage ended at once (rc {self.process.returncode}): "
                    f"is port {self.config.storage_port} in use? Set STORAGE_PORT to a free one."
                )
            try:
                if http.request("GET", f"{self.config.storage_url}/storage/v1/b").status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                time.sleep(0.02)
        raise RuntimeError(f"the storage did not answer within {seconds:.0f} s")

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
