"""The statements of the pages: rendered in every form, parsed with Google's grammar."""

import json

import pytest

from tests.sql.zetasql_support import parse
from tests.unit.fakes import collection_with
from vitrine.errors import SettingsError
from vitrine.google.templates import render_statement, vector_search_options


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
def test_every_form_of_a_search_is_sql(uri_prefix, use_brute_force, function, name, names):
    sql = render_statement(
        collection_with(function=function),
        f"pages/{name}.sql",
        uri_prefix=uri_prefix,
        use_brute_force=use_brute_force,
        kind="",
        year="",
        top_k=7,
        after=0,
        **names,
    )
    parse(sql)
    assert ("@uri_prefix" in sql) is bool(uri_prefix)
    assert ('"use_brute_force": true' in sql) is use_brute_force
    assert "distance_type => 'COSINE'" in sql
    assert "ORDER BY distance, base.uri" in sql


def test_a_statement_that_is_not_there_says_where_it_was_looked_for(tmp_path):
    # Jinja's own error is an OSError, which the pages would take for a connection that does not work.
    with pytest.raises(SettingsError, match=f"search_by_image.sql is not in VITRINE_SQL_DIR, '{tmp_path}'"):
        render_statement(collection_with(sql_dir=tmp_path), "pages/search_by_image.sql")


def test_two_collections_never_get_each_others_statement():
    names = {"uri_prefix": "", "kind": "", "year": "", "use_brute_force": False, "top_k": 7, "after": 0}
    texts = [
        render_statement(collection_with(dataset=name), "pages/search_by_image.sql", **names)
        for name in ("one", "other")
    ]
    assert ["`demo-project.one.met_image_embeddings`" in text for text in texts] == [True, False]
    assert ["`demo-project.other.met_image_embeddings`" in text for text in texts] == [False, True]


@pytest.mark.parametrize(
    ("share", "use_brute_force", "options"),
    [
        (None, False, {}),
        (0.05, False, {"fraction_lists_to_search": 0.05}),
        # BigQuery refuses both together; brute force is the one that finds everything.
        (0.05, True, {"use_brute_force": True}),
        (None, True, {"use_brute_force": True}),
    ],
)
def test_search_options(share, use_brute_force, options):
    assert json.loads(vector_search_options(share, use_brute_force)) == options


def test_a_search_looks_through_the_share_that_the_collection_says():
    names = {"uri_prefix": "", "kind": "", "year": "", "use_brute_force": False, "top_k": 7, "after": 0}
    sql = render_statement(
        collection_with(fraction_lists_to_search=0.2), "pages/search_by_image.sql", **names
    )
    assert """options => '{"fraction_lists_to_search": 0.2}'""" in sql
