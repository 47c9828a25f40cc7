"""ZetaSQL's local service in this process: protobuf messages in, protobuf messages out.

The machine code of the module takes some 12 s of two cores and 1 GB of memory to make; wasmtime keeps it for
this user and machine (`~/.cache/wasmtime`), from where it is read in a quarter of a second. zetasql's own
client is passed by: it compiles anew in each process, copies byte by byte, and its import takes 60 MB.
"""

import ctypes
import logging
import re
import threading
from pathlib import Path
from typing import TypeVar

import tzdata
from google.protobuf.message import Message
from wasmtime import Config, Engine, Linker, Module, Store, WasiConfig, WasmtimeError
from zetasql.wasi import get_wasm_path

log = logging.getLogger(__name__)
Answer = TypeVar("Answer", bound=Message)
SIZE_BYTES = 4  # of size_t in 32-bit WebAssembly
ERROR = re.compile(r"Code: (\d+), Message: (.*)", re.DOTALL)


class Refusal(Exception):
    """What the service answers instead of a result: its message, and its code in absl::StatusCode."""

    def __init__(self, code: int, message: str):
        super().__init__(message)
        self.code, self.message = code, message


def _engine() -> Engine:
    config = Config()
    try:
        config.cache = True
    except WasmtimeError as error:
        log.warning("the analyzer is compiled anew at each start: %s", error)
    config.shared_memory = True  # the module imports it
    return Engine(config)


def compile_module() -> Module:
    """The compiled module: read from the cache, or made and kept there."""
    return Module.from_file(_engine(), get_wasm_path())


class Service:
    """One instance of the service with its own memory; calls of several threads wait for each other."""

    def __init__(self):
        engine = _engine()
        wasi = WasiConfig()
        wasi.preopen_dir(str(Path(tzdata.__file__).parent / "zoneinfo"), "/usr/share/zoneinfo")
        self._store = Store(engine)
        self._store.set_wasi(wasi)
        linker = Linker(engine)
        linker.define_wasi()
        instance = linker.instantiate(self._store, Module.from_file(engine, get_wasm_path()))
        self._exports = dict(instance.exports(self._store))
        self._lock = threading.Lock()
        self._function("_initialize")

    def call(self, method: str, request: Message, answer: type[Answer]) -> Answer:
        """Call a method of ZetaSqlLocalService; raises Refusal.

        After a wasmtime.Trap the instance is not to be used again: its next call may never return.
        """
        data = request.SerializeToString()
        with self._lock:
            sent = self._function("wasm_malloc", len(data) + SIZE_BYTES)
            ctypes.memmove(self._address(sent), data, len(data))
            size_at = sent + len(data)
            found = self._function(f"ZetaSqlLocalService_{method}", sent, len(data), size_at)
            size = int.from_bytes(self._read(size_at, SIZE_BYTES), "little")
            received = self._read(found, size) if found else b""
            refusal = None if found else self._refusal()
            for pointer in (sent, found):
                self._function("wasm_free", pointer)
        if refusal:
            raise refusal
        return answer.FromString(received)

    def _function(self, name: str, *arguments: int) -> int:
        return self._exports[name](self._store, *arguments)

    def _address(self, pointer: int) -> int:
        return ctypes.addressof(self._exports["memory"].data_ptr().contents) + pointer

    def _read(self, pointer: int, size: int) -> bytes:
        return ctypes.string_at(self._address(pointer), size)

    def _refusal(self) -> Refusal:
        size = self._function("wasm_get_last_error_size")
        text = self._read(self._function("wasm_get_last_error"), size).decode()
        match = ERROR.fullmatch(text)
        return Refusal(int(match[1]), match[2]) if match else Refusal(0, text)
