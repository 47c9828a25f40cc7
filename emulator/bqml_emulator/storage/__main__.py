"""`python -m bqml_emulator.storage`: serve the storage; the emulator starts it as its child."""

import contextlib
import json
import logging
import signal
import urllib.request

import uvicorn

from bqml_emulator.core import config as configuration
from bqml_emulator.core.strangers import Guard
from bqml_emulator.storage.api import Api
from bqml_emulator.storage.earlier import take_over
from bqml_emulator.storage.store import Store
from bqml_emulator.storage.uploads import forget_expired

GRACEFUL_SECONDS = 2


class Server(uvicorn.Server):
    """uvicorn that ends on SIGTERM; the SIGINT of a terminal is for the emulator, which stops us."""

    @contextlib.contextmanager
    def capture_signals(self):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self.handle_exit)
        yield


def main():
    """Serve until a signal."""
    logging.basicConfig(level=logging.WARNING)
    config = configuration.load()
    store = Store(config.objects_dir)
    take_over(config.storage_dir, store)
    for path in store.incoming.iterdir():  # of uploads that the last process did not finish
        path.unlink()
    forget_expired(store.resumable)

    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy knows this machine

    def denied_permissions() -> list[str]:
        """The fault of that name, which the emulator's other process keeps."""
        with directly.open(f"{config.bigquery_url}/emulator/faults", timeout=10) as answer:
            return json.load(answer)["denied_permissions"]

    options = uvicorn.Config(
        Guard(Api(store, denied_permissions), config, navigable=True),
        host=config.host,
        port=config.storage_port,
        log_level="error",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
    Server(options).run()


if __name__ == "__main__":
    main()
