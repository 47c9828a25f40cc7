"""What a release is: a tag, the version of the package, and a section of CHANGELOG.md that agree.

`python -m scripts.release v2.0.0` prints the section, or says what does not agree.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

from vitrine import __version__

CHANGELOG: Final = Path(__file__).resolve().parents[1] / "CHANGELOG.md"
# "## 2.0.0 - 2026-11-27"; what is not released yet is below "## Unreleased".
SECTION: Final = re.compile(
    r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL
)


class ReleaseError(Exception):
    """Tag, version and changelog do not agree. The message says what to change."""


def notes(tag: str, version: str, changelog: str) -> str:
    """The changelog's section of the version that a tag names. Errors: ReleaseError."""
    if tag != f"v{version}":
        raise ReleaseError(f"The tag {tag} is not v{version}, the version in plugins/vitrine/__init__.py.")
    sections: dict[str, str] = dict(SECTION.findall(changelog))
    if not sections.get(version, "").strip():
        raise ReleaseError(
            f"CHANGELOG.md has nothing below a heading '## {version} - YYYY-MM-DD': write it there."
        )
    if (newest := max(sections, key=_order)) != version:
        raise ReleaseError(f"CHANGELOG.md has a section of {newest}, which is newer than {version}.")
    return sections[version].strip()


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def main(arguments: list[str]) -> int:
    """Print the notes of the release that a tag names."""
    if len(arguments) != 1:
        print("usage: python -m scripts.release v2.0.0", file=sys.stderr)
        return 2
    try:
        print(notes(arguments[0], __version__, CHANGELOG.read_text()))
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
