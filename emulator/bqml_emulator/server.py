"""Start storage and REST API, say so in one line, stop both on SIGTERM or SIGINT."""

import contextlib
import gc
import signal
import sys
import threading

import duckdb
import uvicorn
from fastapi import FastAPI

from bqml_emulator.core import config as configuration
from bqml_emulator.core.config import Config
from bqml_emulator.core.strangers import Guard
from bqml_emulator.storage.process import StorageServer

GRACEFUL_SECONDS = 3


class Server(uvicorn.Server):
    """uvicorn that reports readiness on stdout and treats a signal as a normal end (exit code 0)."""

    ready_line = ""

    async def startup(self, sockets=None):
        from bqml_emulator import hooks  # as late as `_open` does

        await super().startup(sockets)
        gc.freeze()  # a million objects that live for ever would be looked through at each full collection
        print(self.ready_line, flush=True)
        hooks.warm_up()

    @contextlib.contextmanager
    def capture_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle_exit)
        yield


def _watch(storage: StorageServer, server: Server):
    """Without its storage the emulator is no use: end with it."""
    storage.process.wait()
    if not storage.stopping:
        print("the storage ended unexpectedly; stopping", file=sys.stderr)
        server.should_exit = True


def _open(config: Config) -> FastAPI:
    """The extended local-bigquery over the stored state, its interrupted jobs ended."""
    from local_bigquery import app  # these imports take seconds; the storage starts meanwhile
    from local_bigquery.engine import database

    from bqml_emulator import hooks
    from bqml_emulator.engine import full_disk
    from bqml_emulator.jobs import lifecycle

    hooks.install(config)
    try:
        database.connection()
    except duckdb.IOException as error:
        raise RuntimeError(f"cannot open {config.data}: {error}") from error
    full_disk.keep_reserve()
    lifecycle.recover()
    return app


def _server(config: Config) -> Server:
    options = uvicorn.Config(
        Guard(_open(config), config),
        host=config.host,
        port=config.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
    server = Server(options)
    server.ready_line = (
        f"bqml-emulator ready: bigquery {config.bigquery_url} storage {config.storage_url} data {config.data}"
        f"{'' if config.analyzer else '; statements are not analysed (EMULATOR_ANALYZER=off)'}"
    )
    return server


@contextlib.contextmanager
def _read_api(config: Config):
    """Serve the BigQuery Storage Read API while the block runs, where a port is given for it."""
    if config.read_port is None:
        yield
        return
    from local_bigquery.grpc import read, server

    from bqml_emulator.api import spelling

    read.table = spelling.reading(read.table)
    server.SERVICES = {name: rpcs for name, rpcs in server.SERVICES.items() if name.endswith("BigQueryRead")}
    listening, _ = server.start(config.host, config.read_port)
    try:
        yield
    finally:
        listening.stop(None)


def _stop_jobs():
    from bqml_emulator.jobs import lifecycle

    lifecycle.stop_all()


def run(config: Config) -> int:
    """Serve until a signal; 0 after a clean stop, 1 when the storage died."""
    storage = StorageServer(config)
    storage.start()
    try:
        server = _server(config)
        storage.wait_ready()
        threading.Thread(target=_watch, args=(storage, server), daemon=True).start()
        with _read_api(config):
            server.run()
        _stop_jobs()
        return 0 if storage.process.poll() is None else 1
    finally:
        storage.stop()


def main() -> int:
    """Command line entry: configuration from the environment; a bad one is named and ends with 2."""
    try:
        return run(configuration.load())
    except (ValueError, RuntimeError) as error:
        print(f"bqml-emulator: {error}", file=sys.stderr)
        return 2
