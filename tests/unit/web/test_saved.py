"""A search becomes a saved query by lines for the collections file."""

import pytest
import yaml

from tests.unit.fakes import NEEDED, collection_with
from vitrine.collection import FILE_VARIABLE, load
from vitrine.web.saved import as_yaml, saved


@pytest.mark.parametrize(
    "words", ["a red car", "yes", "it's: a #1 'car'", '"quoted"', "# no comment", "zwölf 祖母"]
)
def test_the_lines_mean_what_was_searched_for(words, tmp_path):
    file = tmp_path / "collections.yaml"
    file.write_text(saved(collection_with(saved_queries="a fish"), words).lines)
    assert load(NEEDED | {FILE_VARIABLE: str(file)})["met"].saved_queries == ("a fish", words)


def test_a_long_query_stays_on_a_line():
    words = " ".join(["very"] * 200)
    assert yaml.safe_load(as_yaml("met", [words])) == {"collections": {"met": {"saved_queries": [words]}}}
    assert len(as_yaml("met", [words]).splitlines()) == 4


def test_what_is_saved_already_has_no_lines():
    assert saved(collection_with(saved_queries="a fish"), "a fish").lines == ""
    assert saved(collection_with(), "") is None


def test_the_file_is_named_and_so_is_the_dag(monkeypatch):
    monkeypatch.setenv(FILE_VARIABLE, "/srv/airflow/our.yaml")
    found = saved(collection_with(), "a fish")
    assert (found.file, found.dag) == ("our.yaml", "search_saved_queries__met")
