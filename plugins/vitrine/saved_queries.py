"""The file of saved queries: one search a line."""

from __future__ import annotations

from pathlib import Path

from vitrine import limits
from vitrine.errors import SettingsError


def read(file: str) -> list[str]:
    """The queries of a file, each once, in its order; empty lines and lines after a # say nothing.

    Errors: SettingsError when the file cannot be read or a query is too long for the model.
    """
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"VITRINE_SAVED_QUERIES={file!r} cannot be read: {error}") from error
    lines = (line.strip() for line in text.splitlines())
    queries = list(dict.fromkeys(line for line in lines if line and not line.startswith("#")))
    for query in queries:
        if len(query.encode()) > limits.MAX_QUERY_BYTES:
            raise SettingsError(
                f"VITRINE_SAVED_QUERIES={file!r}: {query[:40]!r}… is longer than the "
                f"{limits.MAX_QUERY_BYTES:,} bytes that the model takes."
            )
    return queries
