"""Which names buckets and objects may have, and in which order they come.

Sources: https://docs.cloud.google.com/storage/docs/objects#naming and .../buckets#naming (2026-11-26).
"""

import re

from bqml_emulator.storage.errors import StorageError

MAX_OBJECT_NAME_BYTES = 1024
# 3 to 63 characters, up to 222 with dots between parts of at most 63; letters are small.
BUCKET_NAME = re.compile(
    r"(?=.{3,222}$)[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*"
)
LAST_CHARACTER, SURROGATES = 0x10FFFF, range(0xD800, 0xE000)


def check_bucket(name: object) -> str:
    """The name, if a bucket may have it."""
    if isinstance(name, str) and BUCKET_NAME.fullmatch(name):
        return name
    raise StorageError(400, f"Invalid bucket name: {name!r}")


def check_object(name: object) -> str:
    """The name, if an object may have it: any UTF-8 of up to 1,024 bytes but a few that Google excludes."""
    if not isinstance(name, str) or not name:
        raise StorageError(400, "Required: the object's name")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise StorageError(400, f"Invalid object name: {name!r} is not UTF-8") from None
    if size > MAX_OBJECT_NAME_BYTES:
        raise StorageError(400, f"Invalid object name: {size} bytes; at most 1,024 are allowed")
    if name in (".", "..") or "\r" in name or "\n" in name or name.startswith(".well-known/acme-challenge/"):
        raise StorageError(400, f"Invalid object name: {name!r}")
    return name


def after(prefix: str) -> str | None:
    """The first text, by UTF-8 bytes, behind all that begin with `prefix`; None: there is none."""
    for end in range(len(prefix) - 1, -1, -1):
        following = ord(prefix[end]) + 1
        if following in SURROGATES:
            following = SURROGATES.stop
        if following <= LAST_CHARACTER:
            return prefix[:end] + chr(following)
    return None
