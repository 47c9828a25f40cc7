"""VECTOR_SEARCH beyond what is documented (see boundary/): every form in every statement, our refusals."""

import itertools

import pytest
from google.api_core.exceptions import BadRequest, GoogleAPICallError, NotFound
from google.cloud.bigquery import ArrayQueryParameter, QueryJobConfig, ScalarQueryParameter
from vector_data import ANIMALS

BASE = "TABLE {ds}.base, 'embedding'"
CAT_LION, CAT_TIGER = ("cat", "lion", 1.8027756377319946), ("cat", "tiger", 2.23606797749979)
DOG_DOG, DOG_WOLF = ("dog", "dog", 0.0), ("dog", "wolf", 2.23606797749979)


@pytest.fixture(scope="module")
def animals(bigquery):
    """The dataset of the documented examples."""
    bigquery.query_and_wait("CREATE SCHEMA IF NOT EXISTS animals")
    bigquery.query_and_wait(ANIMALS.format(ds="animals"))
    yield "animals"
    bigquery.query_and_wait("DROP SCHEMA animals CASCADE")


@pytest.fixture
def ask(bigquery, animals):
    """Run SQL ({ds} is the dataset) and return the rows as tuples."""

    def run(sql: str, *parameters, **config):
        options = QueryJobConfig(query_parameters=list(parameters), **config)
        return [
            tuple(row.values()) for row in bigquery.query_and_wait(sql.format(ds=animals), job_config=options)
        ]

    return run


def search(arguments: str, tail: str = "ORDER BY 1, 3, 2") -> str:
    return f"SELECT query.query_id, base.id, distance FROM VECTOR_SEARCH({arguments}) {tail}"


def test_dot_product_is_negative_so_that_smaller_is_nearer(ask):  # ours: the sign is not documented
    arguments = "TABLE {ds}.base, 'embedding', TABLE {ds}.queries, distance_type => 'DOT_PRODUCT', top_k => 1"
    assert ask(search(arguments)) == [("cat", "tiger", -5.0), ("dog", "wolf", -10.0)]


def test_query_value_forms_have_no_query_column(ask):
    form = "SELECT * FROM VECTOR_SEARCH(TABLE {ds}.base, 'embedding', query_value => %s, top_k => 1)"
    for value in ("[1.0, -1.0]", "(SELECT embedding FROM {ds}.queries WHERE query_id = 'cat')", "[1, -1]"):
        assert ask(form % value) == [({"id": "lion", "embedding": [2.0, -2.5]}, 1.8027756377319946)]
    parameter = ArrayQueryParameter("v", "FLOAT64", [1.0, -1.0])
    assert ask(form % "@v", parameter)[0][1] == 1.8027756377319946


def test_the_query_column_is_found(ask):
    base = "TABLE {ds}.base, 'embedding', "
    one = "SELECT base.id FROM VECTOR_SEARCH(" + base + "%s, top_k => 1%s)"
    assert ask(one % ("(SELECT 1 AS n, [1.0, 2.0] AS other)", "")) == [("dog",)]
    both = "(SELECT [1.0, 2.0] AS other, [-5.0, -1.0] AS embedding)"
    assert ask(one % (both, "")) == [("whale",)]  # column_to_search's name first
    assert ask(one % (both, ", query_column_to_search => 'OTHER'")) == [("dog",)]
    with pytest.raises(BadRequest, match="query_column_to_search"):
        ask(one % ("(SELECT [1.0] AS a, [1.0] AS b)", ""))


def test_base_query_selects_and_renames(ask):
    base = "(SELECT UPPER(b.id) AS name, b.embedding AS e FROM {ds}.base AS b WHERE b.id > 'm')"
    found = ask("SELECT base FROM VECTOR_SEARCH(" + base + ", 'e', (SELECT [0.0, 0.0] AS e), top_k => 1)")
    assert found == [({"name": "OTTER", "e": [-3.0, -1.0]},)]


def test_with_clauses_are_seen(ask):
    sql = """WITH b AS (SELECT * FROM {ds}.base), q AS (SELECT [1.0, 2.0] AS z)
    SELECT base.id FROM VECTOR_SEARCH(
        (SELECT id, embedding FROM b WHERE id <> 'dog'), 'embedding', TABLE q, top_k => 1)"""
    assert ask(sql) == [("wolf",)]


def test_nested_searches(ask):
    inner = "(SELECT base.embedding FROM VECTOR_SEARCH(" + BASE + ", TABLE {ds}.queries, top_k => 1))"
    sql = (
        "SELECT base.id FROM VECTOR_SEARCH(TABLE {ds}.base, 'embedding', "
        + inner
        + ", top_k => 1) ORDER BY 1"
    )
    assert ask(sql) == [("dog",), ("lion",)]


def test_joined_and_aliased(ask):
    sql = """SELECT v.base.id, t.query_id
    FROM VECTOR_SEARCH(TABLE {ds}.base, 'embedding', query_value => [1.0, 2.0], top_k => 1) AS v
    JOIN {ds}.queries AS t ON t.query_id = v.base.id"""
    assert ask(sql) == [("dog", "dog")]


def test_in_scripts(ask):
    script = """DECLARE k INT64 DEFAULT 2; DECLARE n INT64;
    CREATE TEMP TABLE q AS SELECT [1.0, 2.0] AS embedding;
    SET n = (SELECT COUNT(*) FROM VECTOR_SEARCH(TABLE {ds}.base, 'embedding', TABLE q, top_k => k + 1));
    EXECUTE IMMEDIATE '''CREATE OR REPLACE TABLE {ds}.s AS
        SELECT base.id FROM VECTOR_SEARCH(TABLE {ds}.base, "embedding", TABLE q, top_k => 1)''';
    SELECT n, id FROM {ds}.s;"""
    assert ask(script) == [(3, "dog")]


def test_script_variables_do_not_get_in_the_way(ask):
    sql = """DECLARE r, d, v, q, b, id_, distance_, value INT64 DEFAULT 1;
    SELECT base.id FROM VECTOR_SEARCH(TABLE {ds}.base, 'embedding', TABLE {ds}.queries, top_k => value)
    ORDER BY 1;"""
    assert ask(sql) == [("dog",), ("lion",)]


def test_parameters_named_and_positional(ask):
    named = search(
        "TABLE {ds}.base, 'embedding', (SELECT * FROM {ds}.queries WHERE query_id = @q), top_k => @k"
    )
    assert ask(named, ScalarQueryParameter("q", "STRING", "cat"), ScalarQueryParameter("k", "INT64", 2)) == [
        CAT_LION,
        CAT_TIGER,
    ]
    positional = """SELECT ?, base.id FROM VECTOR_SEARCH(
        (SELECT * FROM {ds}.base WHERE id != ?), 'embedding', query_value => ?, top_k => 1)"""
    values = [
        ScalarQueryParameter(None, "STRING", "first"),
        ScalarQueryParameter(None, "STRING", "dog"),
        ArrayQueryParameter(None, "FLOAT64", [1.0, 2.0]),
    ]
    assert ask(positional, *values) == [("first", "wolf")]


FORM = "SELECT * FROM VECTOR_SEARCH(TABLE {ds}.base, 'embedding', query_value => [1.0, 2.0], "
REFUSED = {
    'options => \'{{"use_brute_force": true, "fraction_lists_to_search": 0.1}}\'': "cannot be specified",
    "options => '{{\"fraction_lists_to_search\": 1.0}}'": "between 0.0 and 1.0",
    "options => '{{\"fraction_lists_to_search\": 0}}'": "between 0.0 and 1.0",
    "options => '{{\"use_brute_force\": 1}}'": "use_brute_force must be true or false",
    "options => '{{\"leaves\": 1}}'": "Unknown option 'leaves'",
    "options => 'x'": "must be a JSON string",
    "distance_type => 'HAMMING'": "distance_type must be one of",
    "top_k => 'x'": "top_k of VECTOR_SEARCH must be",
    "topk => 3": "Named argument topk not found in signature for call to function VECTOR_SEARCH",
    "top_k => 1, top_k => 2": "Duplicate named argument top_k",
    "lexical_search_query_value => 'x'": "not emulated: hybrid search",
    "query_column_to_search => 'embedding'": "Named argument query_column_to_search not found",
    "query_value => [1.0]": "Duplicate named argument query_value",
}


@pytest.mark.parametrize("argument", REFUSED)
def test_bad_arguments_are_refused_before_anything_runs(bigquery, animals, argument):
    sql = (FORM + argument + ")").format(ds=animals)
    with pytest.raises(GoogleAPICallError) as failure:
        bigquery.query(sql, job_config=QueryJobConfig(dry_run=True))
    assert REFUSED[argument] in str(failure.value)


@pytest.mark.parametrize("value", ["'x'", "1.0", "['x']", "(SELECT 'x')", "@word"])
def test_a_query_value_must_be_a_vector(ask, value):
    sql = f"SELECT * FROM VECTOR_SEARCH({BASE}, query_value => {value})"
    with pytest.raises(BadRequest, match="query_value must be ARRAY<FLOAT64>"):
        ask(sql, ScalarQueryParameter("word", "STRING", "x"))


def test_bad_bases_are_refused(ask):
    tail = ", query_value => [1.0, 2.0])"
    refused = {
        "TABLE {ds}.base, 'nope'": "column nope was not found",
        "TABLE {ds}.base, 'id'": "must be ARRAY<FLOAT64>",
        "(SELECT * FROM {ds}.base ORDER BY id), 'embedding'": "only use SELECT, FROM and WHERE",
        "(SELECT * FROM {ds}.base LIMIT 3), 'embedding'": "only use SELECT, FROM and WHERE",
        "(SELECT * FROM {ds}.base UNION ALL SELECT * FROM {ds}.base), 'embedding'": "must be SELECT",
        "TABLE {ds}.view_of_base, 'embedding'": "logical view",
    }
    ask("CREATE OR REPLACE VIEW {ds}.view_of_base AS SELECT * FROM {ds}.base")
    for arguments, text in refused.items():
        with pytest.raises(BadRequest, match=text):
            ask("SELECT * FROM VECTOR_SEARCH(" + arguments + tail)
    with pytest.raises(NotFound):
        ask("SELECT * FROM VECTOR_SEARCH(TABLE {ds}.missing, 'embedding'" + tail)


def test_every_combination_of_forms_agrees(ask):
    bases = (
        "TABLE {ds}.base",
        "TABLE `demo-project.{ds}.base`",
        "(SELECT * FROM {ds}.base)",
        "((SELECT b.* FROM `demo-project`.{ds}.base AS b))",
        "(SELECT id, embedding FROM {ds}.base WHERE TRUE)",
        "(SELECT * FROM {ds}.base, UNNEST([1]))",
    )
    columns = ("", ", 'embedding'", ", query_column_to_search => 'embedding'")
    for base, column in itertools.product(bases, columns):
        arguments = f"{base}, 'embedding', TABLE {{ds}}.queries{column}, top_k => 2"
        assert ask(search(arguments)) == [CAT_LION, CAT_TIGER, DOG_DOG, DOG_WOLF]


def test_words_are_embedded_and_searched_in_one_statement(emulator, bigquery, ask, animals):
    """The statement of the tutorial: the query table is a call of ML.GENERATE_EMBEDDING."""
    ask("CREATE CONNECTION IF NOT EXISTS vector OPTIONS(connection_type = 'CLOUD_RESOURCE')")
    service_account = "connection:demo-project.us.vector"
    ask(f'GRANT `roles/aiplatform.user` ON PROJECT `demo-project` TO "{service_account}"')
    ask(
        "CREATE OR REPLACE MODEL {ds}.words REMOTE WITH CONNECTION `us.vector` "
        "OPTIONS(ENDPOINT = 'multimodalembedding@001')"
    )
    embed = "ML.GENERATE_EMBEDDING(MODEL {ds}.words, (SELECT %s), STRUCT(TRUE AS flatten_json_output))"
    words = "content FROM UNNEST(['a red car', 'a cream dress', 'a brown dog']) AS content"
    emulator.faults(hash_model=True)
    calls = len(emulator.ledger())
    ask(f"CREATE OR REPLACE TABLE {{ds}}.embedded AS SELECT * FROM {embed % words}")
    found = ask(
        "SELECT query.content, base.content, distance FROM VECTOR_SEARCH(TABLE {ds}.embedded, "
        f"'ml_generate_embedding_result', (SELECT * FROM {embed % '@words AS content'}), top_k => 2, "
        "distance_type => 'COSINE') ORDER BY distance",
        ScalarQueryParameter("words", "STRING", "a cream dress"),
    )
    emulator.faults(hash_model=False)
    assert found[0] == ("a cream dress", "a cream dress", pytest.approx(0, abs=1e-6))
    assert len(found) == 2
    assert len(emulator.ledger()) == calls + 4  # the words of the query are embedded once
