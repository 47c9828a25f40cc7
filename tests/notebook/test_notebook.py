"""The tutorial's notebook runs from top to bottom, on a collection that the DAGs have embedded."""

from itertools import islice
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.faults.images import photo
from tests.support.collection import publish
from vitrine.collection import load

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "met-image-analysis.ipynb"
IMAGES = 24
FEW_IMAGES = 6
OTHER_DEPLOYMENT = {
    "VITRINE_PROFILE": "other",
    "VITRINE_DIMENSION": "512",
    "VITRINE_FUNCTION": "AI.GENERATE_EMBEDDING",
}


@pytest.fixture
def other_deployment(monkeypatch) -> None:
    """The settings of a second model, for whatever is made after this."""
    for name, value in OTHER_DEPLOYMENT.items():
        monkeypatch.setenv(name, value)


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


def executed():
    """The notebook after all of its cells were run. Errors: CellExecutionError of the first that fails."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    return notebook


def outputs(notebook, kind: str) -> list:
    """Every output of one MIME type, in order."""
    of_cells = (cell.get("outputs", []) for cell in notebook.cells)
    return [one["data"][kind] for cell in of_cells for one in cell if kind in one.get("data", {})]


def printed(notebook) -> str:
    """Everything that the cells printed."""
    return "".join(one["text"] for cell in notebook.cells for one in cell.get("outputs", []) if "text" in one)


def check(notebook, images: int) -> None:
    """It tells of this collection and of the DAG's search, and all six cells with pictures show them."""
    text = printed(notebook)
    assert f"{images} of {images} images are searchable, after 1 runs." in text
    assert "0 are in quarantine" in text
    assert "a shoe" in text  # the words of the search that the DAG made
    assert "gs://" not in text  # which is how a picture that cannot be shown is named
    assert len(outputs(notebook, "image/jpeg")) == 6


def test_every_cell_runs_and_shows_pictures(fresh_world) -> None:
    embed(fresh_world, IMAGES)
    check(executed(), IMAGES)


def test_the_settings_of_another_deployment_are_enough(fresh_world, other_deployment) -> None:
    """Its tables have a suffix, its vectors are shorter, its function names its columns otherwise."""
    embed(fresh_world, FEW_IMAGES)
    check(executed(), FEW_IMAGES)


def test_words_that_cannot_be_embedded_end_it_with_the_reason_of_the_model(fresh_world) -> None:
    fresh_world.upload({"a.jpg": photo(1), "b.jpg": photo(2)})
    publish(fresh_world.emulator, load()["met"])
    fresh_world.emulator.faults(outage=True)
    with pytest.raises(CellExecutionError) as stopped:
        executed()
    assert (
        "The words were not embedded: A retryable error occurred: RESOURCE_EXHAUSTED" in stopped.value.evalue
    )


def test_every_vector_search_says_its_distance_and_the_order() -> None:
    """An index brings its own distance only where it is used; rows without ORDER BY come in any order."""
    sources = [cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells]
    searches = [source for source in sources if "VECTOR_SEARCH(" in source]
    assert len(searches) == 2
    for source in searches:
        _, search = source.split("VECTOR_SEARCH(")  # one in a cell
        assert "distance_type => 'COSINE')\n        ORDER BY distance, base.uri\n" in search
