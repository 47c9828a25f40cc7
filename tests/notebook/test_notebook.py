"""The tutorial's notebook runs from top to bottom, on a collection that the DAGs have embedded."""

import json
import os
import subprocess
from itertools import islice
from pathlib import Path

import pytest

from scripts.notebook import variables
from tests.faults.images import photo
from tests.support.collection import publish
from vitrine.collection import load

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "met-image-analysis.ipynb"
# The notebook has an environment of its own; `make test-notebook` installs it.
JUPYTER_EXECUTE = ROOT / "notebooks/.venv/bin/jupyter-execute"
IMAGES = 24
FEW_IMAGES = 6
OTHER_MODEL = {"other": {"dimension": 512, "function": "AI.GENERATE_EMBEDDING"}}


@pytest.fixture
def other_model(monkeypatch) -> None:
    """The settings of a model that is not the default, for whatever is made after this."""
    monkeypatch.setenv("VITRINE_MODELS", json.dumps(OTHER_MODEL))
    monkeypatch.setenv("VITRINE_ACTIVE_MODEL", "other")


def embed(world, images: int) -> None:
    """Upload demo images, embed them and search once, by the DAGs."""
    paths = sorted((ROOT / "demo" / "images").rglob("*.jpg"))
    world.upload({path.name: path.read_bytes() for path in islice(paths, images)})
    for dag_id, conf in (
        ("setup_image_search", {}),
        ("embed_images", {}),
        ("search_images", {"query": "a shoe"}),
    ):
        assert world.run(dag_id, **conf).state == "success"


def execute(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run every cell, up to the first that fails, and write the notebook with its outputs to the folder."""
    command = [JUPYTER_EXECUTE, "--timeout=120", f"--output={folder / NOTEBOOK.name}", NOTEBOOK]
    environment = os.environ | variables(load()["met"])
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def executed(folder: Path) -> list[dict]:
    """The notebook's code cells after all of them were run without an error."""
    done = execute(folder)
    assert done.returncode == 0, done.stderr
    return code_cells(folder / NOTEBOOK.name)


def code_cells(path: Path) -> list[dict]:
    """The code cells of a notebook, with their outputs."""
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


def pictures(cells: list[dict]) -> int:
    """How many pictures the cells show."""
    return sum("image/jpeg" in one.get("data", {}) for cell in cells for one in cell["outputs"])


def printed(cells: list[dict]) -> str:
    """Everything that the cells printed."""
    return "".join("".join(one.get("text", "")) for cell in cells for one in cell["outputs"])


def check(cells: list[dict], images: int) -> None:
    """It tells of this collection and of the DAG's search, and all six cells with pictures show them."""
    text = printed(cells)
    assert f"{images} of {images} images are searchable, after 1 runs." in text
    assert "0 are in quarantine" in text
    assert "a shoe" in text  # the words of the search that the DAG made
    assert "gs://" not in text  # which is how a picture that cannot be shown is named
    assert pictures(cells) == 6


def test_every_cell_runs_and_shows_pictures(fresh_world, tmp_path) -> None:
    embed(fresh_world, IMAGES)
    check(executed(tmp_path), IMAGES)


def test_it_looks_at_whatever_model_it_is_told(fresh_world, other_model, tmp_path) -> None:
    """Its tables have a suffix, its vectors are shorter, its function names its columns otherwise."""
    embed(fresh_world, FEW_IMAGES)
    check(executed(tmp_path), FEW_IMAGES)


def test_words_that_cannot_be_embedded_end_it_with_the_reason_of_the_model(fresh_world, tmp_path) -> None:
    fresh_world.upload({"a.jpg": photo(1), "b.jpg": photo(2)})
    publish(fresh_world.emulator, load()["met"])
    fresh_world.emulator.faults(outage=True)
    done = execute(tmp_path)
    assert done.returncode != 0
    assert "The words were not embedded: A retryable error occurred: RESOURCE_EXHAUSTED" in done.stderr


def test_every_vector_search_says_its_distance_and_the_order() -> None:
    """An index brings its own distance only where it is used; rows without ORDER BY come in any order."""
    sources = ["".join(cell["source"]) for cell in code_cells(NOTEBOOK)]
    searches = [source for source in sources if "VECTOR_SEARCH(" in source]
    assert len(searches) == 2
    for source in searches:
        _, search = source.split("VECTOR_SEARCH(")  # one in a cell
        assert "distance_type => 'COSINE')\n        ORDER BY distance, base.uri\n" in search
