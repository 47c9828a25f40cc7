"""The statements of the pages: rendered in every form, parsed with Google's grammar."""

import pytest

from tests.sql.zetasql_support import parse
from vitrine.errors import SettingsError
from vitrine.settings import load
from vitrine.web.statements import render


@pytest.mark.parametrize("uri_prefix", ["", "gs://b/"])
@pytest.mark.parametrize("use_brute_force", [True, False])
@pytest.mark.parametrize("function", ["ML.GENERATE_EMBEDDING", "AI.GENERATE_EMBEDDING"])
@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("search_by_text", {"is_embedded": False}),
        ("search_by_text", {"is_embedded": True}),
        ("search_by_image", {}),
    ],
)
def test_every_form_of_a_search_is_sql(monkeypatch, uri_prefix, use_brute_force, function, name, names):
    monkeypatch.setenv("VITRINE_EMBEDDING_FUNCTION", function)
    sql = render(
        load(), f"search_page/{name}.sql",
        uri_prefix=uri_prefix, use_brute_force=use_brute_force, top_k=7, **names,
    )  # fmt: skip
    parse(sql)
    assert ("@uri_prefix" in sql) is bool(uri_prefix)
    assert ('"use_brute_force": true' in sql) is use_brute_force
    assert "distance_type => 'COSINE'" in sql
    assert "ORDER BY distance, base.uri" in sql


def test_a_statement_that_is_not_there_says_where_it_was_looked_for(monkeypatch, tmp_path):
    # Jinja's own error is an OSError, which the pages would take for a connection that does not work.
    monkeypatch.setenv("VITRINE_SQL_DIR", str(tmp_path))
    with pytest.raises(SettingsError, match=f"search_by_image.sql is not in VITRINE_SQL_DIR, '{tmp_path}'"):
        render(load(), "search_page/search_by_image.sql")
