"""Write docs/emulation.md: what is emulated, from the marks of the tests that prove it.

python tests/fidelity.py ../docs/emulation.md
"""

import contextlib
import io
import sys
from dataclasses import dataclass
from pathlib import Path

import documented
import pytest
from judge import table

TESTS = Path(__file__).parent
HEAD = """# What is emulated

<!-- Written from the tests by `make emulation`; do not edit. -->

The embedded BigQuery promises what this page lists and nothing else. Every row is a behaviour of BigQuery
with its source and the test that proves the emulator's side: {yes} that it has, {no} that it has not. What it
has not (**no**) is refused with `not emulated: …`, unless the row says what happens instead.

- *Source* links to Google's page and gives the day it was read. "observed" is weaker: no page says so,
  somebody saw the service do it.
- Tests in `boundary/` use nothing but Google's clients and public SQL, so the same test can ask BigQuery
  itself ([how](../emulator/README.md#tests)). Nobody has run them there yet.
- A text that no source states is ours, marked so in [limits.py](../emulator/bqml_emulator/core/limits.py).
  No row rests on one.

| | Emulated | Not emulated |
|---|---|---|
{summary}
"""
TABLE = "\n## {section}\n\n| Behaviour | Emulated | Source | Test |\n|---|---|---|---|\n{rows}\n"


@dataclass(frozen=True, order=True)
class Row:
    """One behaviour and the test that proves it."""

    section: int
    missing: bool
    order: int
    behaviour: str
    source: str
    read: str
    file: str
    test: str

    def markdown(self) -> str:
        """The row of the page."""
        kind, _, who = self.source.partition("observed: ")
        source = f"[{_page(kind)}]({kind})" if kind else f"observed: {who}"
        folder = "boundary/" if self.file.startswith("boundary/") else ""
        test = f"[{folder}{self.test}](../emulator/tests/{self.file})"
        emulated = "**no**" if self.missing else "yes"
        return f"| {self.behaviour} | {emulated} | {source}, {self.read} | {test} |"


def _page(address: str) -> str:
    return address.rpartition("/")[2]


class Collector:
    """A pytest plugin that keeps the marks of all tests; a behaviour proved by several tests has one row."""

    def __init__(self):
        self.rows: dict[tuple[str, str], Row] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]):
        """Read the marks once everything is collected."""
        for order, item in enumerate(items):
            for mark in item.iter_markers("documented"):
                section, behaviour, source, read, emulated = mark.args
                file, test = str(item.path.relative_to(TESTS)), item.originalname
                number = documented.SECTIONS.index(section)
                row = Row(number, not emulated, order, behaviour, source, read, file, test)
                self.rows.setdefault((section, behaviour), row)


def page() -> str:
    """The whole page."""
    collector = Collector()
    with contextlib.redirect_stdout(io.StringIO()) as output:
        code = pytest.main(["--collect-only", "-q", str(TESTS)], plugins=[collector])
    assert code == pytest.ExitCode.OK, output.getvalue()[-2000:]
    rows = sorted(collector.rows.values())
    sections = {
        section: [row for row in rows if row.section == number]
        for number, section in enumerate(documented.SECTIONS)
    }
    yes, no = _counts(rows)
    summary = [
        f"| {section} | {' | '.join(map(str, _counts(found)))} |" for section, found in sections.items()
    ]
    text = HEAD.format(yes=yes, no=no, summary="\n".join(summary))
    for section, found in sections.items():
        text += TABLE.format(section=section, rows="\n".join(row.markdown() for row in found))
    return text + table.markdown()


def _counts(rows: list[Row]) -> tuple[int, int]:
    missing = sum(row.missing for row in rows)
    return len(rows) - missing, missing


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page())
