"""Google's own SQL grammar: what it refuses, BigQuery refuses."""

import os
from functools import cache
from importlib.metadata import version
from pathlib import Path

import wasmtime

# Compiling the 28 MB WebAssembly module takes about 40 s; the compiled one, which is kept, loads in 0.1 s.
CACHE = Path(__file__).resolve().parents[2] / ".local/cache"


def compiled_module(engine: wasmtime.Engine, path: str) -> wasmtime.Module:
    """Answer the module at `path` from the cache, or compile it and keep it there.

    The name of the kept file holds what it depends on, so a newer library or another machine compiles anew.
    """
    machine = os.uname().machine
    name = f"zetasql-{version('zetasql')}-wasmtime-{version('wasmtime')}-{machine}.cwasm"
    kept = CACHE / name
    if kept.exists():
        return wasmtime.Module.deserialize_file(engine, str(kept))
    module = wasmtime.Module(engine, Path(path).read_bytes())
    CACHE.mkdir(parents=True, exist_ok=True)
    # Written aside and renamed: a second process never reads half a file.
    partial = kept.with_suffix(f".{os.getpid()}")
    partial.write_bytes(module.serialize())
    partial.rename(kept)
    return module


@cache
def parser():
    """Answer the script parser of BigQuery's dialect with every feature switched on."""
    wasmtime.Module.from_file = staticmethod(compiled_module)
    from zetasql.api import Parser
    from zetasql.types import LanguageOptions

    features = LanguageOptions.maximum_features()
    return lambda sql: Parser.parse_script_static(sql, features)


def parse(sql: str) -> object:
    """Parse one statement or a script and answer its syntax tree; zetasql's error says where it is wrong."""
    return parser()(sql)
