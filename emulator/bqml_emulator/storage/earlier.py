"""Objects of earlier versions, each a file of its name (fake-gcs-server), are taken over once."""

import json
import logging
import os
import shutil
from pathlib import Path
from urllib.parse import unquote

from bqml_emulator.storage.contents import Content
from bqml_emulator.storage.errors import StorageError
from bqml_emulator.storage.store import Conditions, Store

ATTRIBUTE = "user.metadata"  # of the file: what the client said of the object
BUCKET = ".bucketMetadata"
BATCH = 1000  # objects a transaction
NAMES = {
    "ContentType": "contentType",
    "ContentEncoding": "contentEncoding",
    "ContentDisposition": "contentDisposition",
    "ContentLanguage": "contentLanguage",
    "CacheControl": "cacheControl",
    "Metadata": "metadata",
}
log = logging.getLogger(__name__)


def take_over(folder: Path, store: Store):
    """Copy every object below `folder` into the store, then remove the folder; does nothing without one.

    If it is cut off, the next start goes on with it. Objects get generations of today.
    """
    if not folder.is_dir():
        return
    refused = 0
    for bucket in sorted(path for path in folder.iterdir() if path.is_dir()):
        refused += _take_bucket(bucket, store)
    if refused:
        log.warning("%d objects could not be taken over; they stay in %s", refused, folder)
        return
    shutil.rmtree(folder)


def _take_bucket(folder: Path, store: Store) -> int:
    """The number of objects that could not be taken over."""
    name, refused = unquote(folder.name), 0
    if not [bucket for bucket in store.buckets(name) if bucket.name == name]:
        try:
            store.create_bucket(name, {})
        except StorageError as error:
            log.warning("%s: %s", folder, error)
            return 1
    files = [Path(parent) / file for parent, _, files in os.walk(folder) for file in sorted(files)]
    for start in range(0, len(files), BATCH):
        with store.writing():
            for path in files[start : start + BATCH]:
                refused += not _take_object(path, str(path.relative_to(folder)), name, store)
    return refused


def _take_object(path: Path, name: str, bucket: str, store: Store) -> bool:
    content = Content(store.incoming)
    try:
        given = json.loads(os.getxattr(path, ATTRIBUTE))
        attributes = {ours: given[theirs] for theirs, ours in NAMES.items() if given.get(theirs)}
        store.put(bucket, name, content.read_from(path), attributes, Conditions(generation_match=0))
    except StorageError as error:
        if error.code != 412:  # else it was taken over before the process died
            log.warning("%s: %s", path, error)
        return error.code == 412
    except (ValueError, OSError) as error:
        log.warning("%s: %s", path, error)
        return False
    finally:
        content.discard()
    return True
