"""The recipes of docs/cookbook.md, and a copy of the project in which they are made."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.world import World, parse_dags

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/cookbook.md"
# What a recipe may edit.
EDITABLE = ("include", "dags", "plugins")
# A fenced block: its language, the file that it is (if it is a whole one), its text.
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of the page."""

    language: str
    file: str
    text: str


def sections() -> dict[str, str]:
    """The recipes of the page by their titles."""
    parts = PAGE.read_text().split("\n## ")[1:]
    return {title: text for title, _, text in (part.partition("\n") for part in parts)}


def recipe(title: str) -> list[Block]:
    """The blocks of a recipe, in their order."""
    section = sections()[title]
    blocks = [Block(*found) for found in BLOCK.findall(section)]
    assert len(blocks) == section.count("\n```") / 2, f"a block of {title!r} is not read"
    return blocks


@dataclass(frozen=True)
class Kitchen:
    """A copy of the project at `folder`, whose DAGs work in a world of their own."""

    folder: Path
    world: World

    def make(self, block: Block) -> None:
        """Make the edit that a block says."""
        if block.file:
            path = self.folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
        else:
            assert block.language == "diff"
            subprocess.run(["git", "apply", "-"], input=block.text, text=True, cwd=self.folder, check=True)

    def run(self, dag_id: str):
        """Run a DAG of the copy, as it is now; its DagRun."""
        self.world.dagbag = parse_dags(self.folder / "dags")
        return self.world.run_dag(dag_id)

    def succeed(self, *dag_ids: str) -> None:
        """Run DAGs one after the other, each of which must succeed."""
        assert [(dag_id, self.run(dag_id).state) for dag_id in dag_ids] == [
            (one, "success") for one in dag_ids
        ]

    def ask(self, block: Block) -> list[dict]:
        """The rows of a query that the page shows; its dataset is this world's."""
        assert block.language == "sql"
        return self.world.rows(block.text.replace("bqml_tutorial.", f"{self.world.dataset}."))


def new_kitchen(folder: Path, world: World, environment: pytest.MonkeyPatch) -> Kitchen:
    """Copy the project and let settings, statements and plugins be read from the copy."""
    for name in EDITABLE:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    environment.setenv("VITRINE_COLLECTIONS", str(folder / "include/collections.yaml"))
    environment.setenv("VITRINE_SQL_DIR", str(folder / "include/sql"))
    environment.syspath_prepend(folder / "plugins")
    return Kitchen(folder, world)
