"""docs/production.md: its figures are the code's, its table of roles is Terraform's, and no chapter has been left out."""

import re

from scripts.costs import MARKS, PAGE, table, with_table
from tests.deploy.test_terraform import GRANTS

# The headings of the tutorial (generate-multimodal-embeddings).
CHAPTERS = (
    "Required permissions", "Costs", "Before you begin", "Create a dataset", "Create a connection",
    "Grant permissions to the connection's service account", "Create an object table", "Explore the image data",
    "Create a remote model", "Generate image embeddings", "Correct any embedding generation errors",
    "Create a vector index", "Generate an embedding for the search text", "Perform a cross-modality search",
    "Visualize the results", "Clean up",
)  # fmt: skip


def test_times_and_costs_are_the_codes(request):
    page = PAGE.read_text()
    assert all(mark in page for mark in MARKS)
    if request.config.getoption("--golden"):
        PAGE.write_text(page := with_table(page))
    assert page == with_table(page), "meant? then: make golden"


def test_the_figures_are_those_that_people_know():
    assert "| $1 | $60 | $1,000 |" in table()
    assert "| 17 minutes | 17 hours | 12 days |" in table()
    assert "| 113 MB | 6.8 GB | 112.6 GB |" in table()


def test_every_role_that_terraform_grants_is_explained():
    page = PAGE.read_text()
    assert {role for _, role, _ in GRANTS if f"`{role}`" not in page} == set()


def test_every_chapter_of_the_tutorial_has_its_place():
    rows = re.findall(
        r"^\| ([^|]+?) \| (.+) \|$", PAGE.read_text().partition("## The tutorial's chapters")[2], re.MULTILINE
    )
    assert tuple(name for name, _ in rows if name not in ("chapter", "---")) == CHAPTERS
    assert [name for name, place in rows if name in CHAPTERS and "](" not in place and "`" not in place] == []
