"""Load and export jobs: objects come and go as files of a folder that DuckDB may touch while a job runs."""

import contextlib
import contextvars
import hashlib
import os
import shutil
import tempfile
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import extract, load, runner

from bqml_emulator.engine import database_files
from bqml_emulator.objects import gcs
from bqml_emulator.storage.contents import Content
from bqml_emulator.storage.errors import StorageError

MAX_NAME = 200  # characters of a part of a path; file systems take 255
_staged: contextvars.ContextVar[Path] = contextvars.ContextVar("staged")


def _safe(part: str) -> str:
    """A part of an object's name as a file's: its ending and `key=value` stay, DuckDB looks at them."""
    name = urllib.parse.quote(part, safe="=").replace("~", "%7E") or "%"
    if name in (".", ".."):
        return name.replace(".", "%2E")
    return name if len(name) <= MAX_NAME else hashlib.sha256(part.encode()).hexdigest() + name[-50:]


def _stage(found) -> str:
    """The object's content below the job's own folder, without a copy where the file system can do that."""
    path = _staged.get() / str(found.generation) / "/".join(map(_safe, found.name.split("/")))
    path.parent.mkdir(parents=True)
    source = gcs.store().path(found)
    try:
        os.link(source, path)
    except OSError:
        shutil.copyfile(source, path)
    return str(path)


def _paths(cur, uri: str) -> list[str]:
    """Files with the content of the objects that match (replaces `load.paths`)."""
    staged = [_stage(found) for found in gcs.objects(uri)]
    if not staged:
        raise BigQueryError("notFound", f"Not found: URI {uri}")
    return staged


@contextlib.contextmanager
def _written(uri: str) -> Iterator[str]:
    """A file to write, whose content becomes the object afterwards (replaces `extract.written`)."""
    bucket, name = gcs.split(uri)
    with tempfile.TemporaryDirectory(dir=database_files.exchange()) as folder:
        path = Path(folder) / "object"
        yield str(path)
        content = Content(gcs.store().incoming)
        try:
            gcs.store().put(bucket, name, content.read_from(path), {})
        except StorageError as error:
            raise BigQueryError("invalid", f"Unable to write {uri}: {error.message}") from error
        finally:
            content.discard()


def install():
    """Read and write objects where local-bigquery would ask DuckDB's httpfs or take any file there is."""
    run = runner.HANDLERS["load"]

    def run_in_a_folder(cur, config, upload):
        with tempfile.TemporaryDirectory(dir=database_files.exchange()) as folder:
            token = _staged.set(Path(folder))
            try:
                return run(cur, config, upload)
            finally:
                _staged.reset(token)

    load.paths, extract.written = _paths, _written
    runner.HANDLERS["load"] = run_in_a_folder
