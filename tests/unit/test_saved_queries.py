"""The file of saved queries."""

import pytest

from vitrine.errors import SettingsError
from vitrine.saved_queries import read
from vitrine.settings import load


def test_one_query_a_line(tmp_path):
    file = tmp_path / "queries.txt"
    file.write_text("# what we look for\n\n a red car \na dress, white or cream\na red car\n")
    assert read(str(file)) == ["a red car", "a dress, white or cream"]


def test_the_file_that_comes_with_it_saves_none():
    assert read(load().saved_queries) == []


@pytest.mark.parametrize("content", [None, b"\xff\xfe", ("ä" * 600).encode()])
def test_what_cannot_work_names_the_setting(tmp_path, content):
    file = tmp_path / "queries.txt"
    if content:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"VITRINE_SAVED_QUERIES='.*queries\.txt'"):
        read(str(file))
