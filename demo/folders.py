"""Folders on this machine that are collections: `make demo IMAGES=folder` makes one, and .local/folders.json
remembers it.

.local/collections.yaml is include/collections.yaml with a collection for each of these folders. Once it is
there, `make` gives it to Airflow, and runs this module when one of the two files has changed.

`state` is the folder .local.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from demo.upload import CONTENT_TYPES
from scripts.stack import ROOT
from vitrine.collection import COLLECTIONS_FILE, FILE_VARIABLE, Collection, Name, load

LONGEST_NAME = 40  # that of Name


class FolderError(Exception):
    """A folder cannot be a collection; the message is one sentence that says why and what to do."""


def name_of(folder: Path) -> str:
    """A collection's name that is like the folder's; empty where it has no ASCII letters or digits."""
    plain = unicodedata.normalize("NFKD", folder.name.casefold()).encode("ascii", "ignore").decode()
    name = "_".join(re.findall("[a-z0-9]+", plain))
    if name[:1].isdigit():
        name = f"images_{name}"
    return name[:LONGEST_NAME].rstrip("_")


def choose_name(folder: Path, wish: str, state: Path) -> str:
    """The name of the folder's collection: as wished, or else like the folder's. Errors: FolderError."""
    if not folder.is_dir():
        raise FolderError(f"There is no folder {folder}.")
    name = wish or name_of(folder)
    if not name:
        raise FolderError(f"No name can be made of {folder}: choose one, such as NAME=holidays.")
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError:
        raise FolderError(
            f"NAME={name!r} cannot name a collection: take lower-case letters, digits and single underscores "
            f"between them, a letter first, {LONGEST_NAME} characters at most."
        ) from None
    if name in _written()["collections"]:
        raise FolderError(
            f"include/collections.yaml has a collection {name} already: choose another name, such as "
            f"NAME=my_{name[: LONGEST_NAME - 3]}."
        )
    other = Path(_folders(state).get(name, folder))
    # A folder that is no longer there has been moved.
    if other != folder and other.is_dir():
        raise FolderError(f"The collection {name} is the folder {other}: choose another name with NAME=.")
    return name


def add(name: str, folder: Path, state: Path) -> Collection:
    """Make the folder a collection, from now on and for this process. Errors: SettingsError."""
    folders = _folders(state) | {name: str(folder)}
    write(folders, state)
    (state / "folders.json").write_text(json.dumps(folders, indent=1), encoding="utf-8")
    os.environ[FILE_VARIABLE] = str(state / "collections.yaml")
    return load()[name]


def write(folders: dict[str, str], state: Path) -> None:
    """Write .local/collections.yaml, unless it cannot work. Errors: SettingsError."""
    document = _written()
    document["collections"] |= {name: settings(name) for name in folders}
    state.mkdir(parents=True, exist_ok=True)
    draft = state / "collections.yaml.new"
    head = "# Made by `make` of include/collections.yaml and .local/folders.json: change those.\n"
    draft.write_text(head + yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
    load(os.environ | {FILE_VARIABLE: str(draft)})
    draft.replace(state / "collections.yaml")


def settings(name: str) -> dict[str, Any]:
    """What .local/collections.yaml says of a folder's collection."""
    return {
        "objects": [f"gs://demo-{name}/*"],
        "dataset": f"demo_{name}",
        "content_types": list(CONTENT_TYPES.values()),
        # The folder says what is searchable, however much of it is gone.
        "max_removed_share": 1.0,
        # Nothing costs anything on this machine, so that nobody needs to approve it.
        "max_cost_usd": 1e6,
    }


def _written() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(COLLECTIONS_FILE.read_text(encoding="utf-8")) or {}
    return document | {"collections": document.get("collections") or {}}


def _folders(state: Path) -> dict[str, str]:
    file = state / "folders.json"
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


if __name__ == "__main__":
    write(_folders(ROOT / ".local"), ROOT / ".local")
