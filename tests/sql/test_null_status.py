"""A status of NULL means success, as '' does: no reference says that BigQuery never answers NULL.

The cases of the statements that call the model, and what else calls it, with NULL in place of ''.
"""

from pathlib import Path

import pytest

from tests.sql.test_results import (
    CALLERS_OF_THE_MODEL,
    CASE_FILES,
    CASES,
    Laboratory,
    faults,
    laboratories,
    run,
    statement_of,
)
from tests.sql.test_results import test_case as run_case
from tests.support.emulator import Emulator
from vitrine.collection import FUNCTIONS, load
from vitrine.google.jobs import model, query_job, string
from vitrine.google.templates import render_statement

__all__ = ["faults", "laboratories"]
CALLERS = [path for path in CASE_FILES if statement_of(path) in CALLERS_OF_THE_MODEL]
VECTOR = [1.0] + [0.0] * 127


@pytest.fixture(autouse=True)
def null_status(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the functions answer NULL where they would answer ''."""
    for name, function in FUNCTIONS.items():
        monkeypatch.setitem(FUNCTIONS, name, function._replace(status=f"NULLIF({function.status}, '')"))


@pytest.mark.parametrize("path", CALLERS, ids=lambda path: str(path.relative_to(CASES).with_suffix("")))
def test_a_caller(path: Path, laboratories: dict[bool, Laboratory], faults: Emulator):
    run_case(path, laboratories, faults)


def test_a_search_on_the_page(laboratories: dict[bool, Laboratory]):
    laboratory, collection = laboratories[True], load()["met"]
    laboratory.fill(
        {"met_image_embeddings": [{"uri": "gs://b/a.jpg", "ml_generate_embedding_result": VECTOR}]}, set()
    )
    sql = render_statement(
        collection,
        "pages/search_by_text.sql",
        uri_prefix="",
        kind="",
        year="",
        top_k=5,
        after=0,
        use_brute_force=False,
        is_embedded=False,
    )
    found = run(laboratory, query_job(sql, model(collection), string("query", "a red car"))["query"])
    assert [row["uri"] for row in found.result] == ["gs://b/a.jpg"], found.error
