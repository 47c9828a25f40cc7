"""The tutorial's notebook runs from top to bottom, on a collection that the DAGs have embedded."""

from itertools import islice
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "met-image-analysis.ipynb"
IMAGES = 24


@pytest.fixture
def collection(fresh_world):
    """Demo images, embedded, and one search."""
    runs = (("setup_image_search", {}), ("embed_images", {}), ("search_images", {"query": "a shoe"}))
    paths = sorted((ROOT / "demo" / "images").rglob("*.jpg"))
    fresh_world.upload({path.name: path.read_bytes() for path in islice(paths, IMAGES)})
    for dag_id, conf in runs:
        assert fresh_world.run(dag_id, **conf).state == "success"
    return fresh_world


def outputs(notebook, kind: str) -> list:
    """Every output of one MIME type, in order."""
    of_cells = (cell.get("outputs", []) for cell in notebook.cells)
    return [one["data"][kind] for cell in of_cells for one in cell if kind in one.get("data", {})]


def printed(notebook) -> str:
    """Everything that the cells printed."""
    return "".join(one["text"] for cell in notebook.cells for one in cell.get("outputs", []) if "text" in one)


def test_every_cell_runs_and_shows_pictures(collection) -> None:
    """An error in any cell fails; six cells show pictures."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    text = printed(notebook)
    assert f"{IMAGES} of {IMAGES} images are searchable, after 1 runs." in text
    assert "0 are in quarantine" in text
    assert "a shoe" in text  # the words of the search that the DAG made
    assert "gs://" not in text  # which is how a picture that cannot be shown is named
    assert len(outputs(notebook, "image/jpeg")) == 6
