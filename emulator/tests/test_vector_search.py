"""VECTOR_SEARCH as documented: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/search_functions
(2026-08-22). Examples and texts from there; "ours" marks what no source states.
"""

import itertools

import pytest
from google.api_core.exceptions import BadRequest, NotFound
from google.cloud.bigquery import ArrayQueryParameter, QueryJobConfig, ScalarQueryParameter

ANIMALS = """
CREATE TABLE {ds}.base AS SELECT * FROM UNNEST([
  STRUCT('dog' AS id, [1.0, 2.0] AS embedding), ('wolf', [2.0, 4.0]), ('snake', [-2.0, 3.0]),
  ('lion', [2.0, -2.5]), ('tiger', [3.0, -2.0]), ('otter', [-3.0, -1.0]), ('whale', [-5.0, -1.0])]);
CREATE TABLE {ds}.queries AS SELECT * FROM UNNEST([
  STRUCT('dog' AS query_id, [1.0, 2.0] AS embedding), ('cat', [1.0, -1.0])]);
"""
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


def test_documented_example_euclidean_is_the_default(ask):
    found = ask(
        search("TABLE {ds}.base, 'embedding', (SELECT query_id, embedding FROM {ds}.queries), top_k => 2")
    )
    assert found == [CAT_LION, CAT_TIGER, DOG_DOG, DOG_WOLF]


def test_documented_example_with_a_filter_on_the_base(ask):
    base = "(SELECT * FROM {ds}.base WHERE id != 'wolf')"
    found = ask(search(base + ", 'embedding', TABLE {ds}.queries, 'embedding', top_k => 2"))
    assert found == [CAT_LION, CAT_TIGER, DOG_DOG, ("dog", "snake", 3.1622776601683795)]


def test_documented_example_cosine(ask):
    arguments = (
        "TABLE {ds}.base, 'embedding', TABLE {ds}.queries, 'embedding', top_k => 2, distance_type => 'COSINE'"
    )
    found = ask(search(arguments))
    assert [row[:2] for row in found] == [("cat", "lion"), ("cat", "tiger"), ("dog", "dog"), ("dog", "wolf")]
    expected = [0.0061162653263812095, 0.019419324309079777, 0.0, 0.0]
    assert [row[2] for row in found] == pytest.approx(expected, abs=1e-12)


def test_dot_product_is_negative_so_that_smaller_is_nearer(ask):  # ours: the sign is not documented
    arguments = "TABLE {ds}.base, 'embedding', TABLE {ds}.queries, distance_type => 'DOT_PRODUCT', top_k => 1"
    assert ask(search(arguments)) == [("cat", "tiger", -5.0), ("dog", "wolf", -10.0)]


def test_ten_neighbours_by_default_and_all_of_them_when_negative(ask):
    ask(
        "CREATE OR REPLACE TABLE {ds}.many AS "
        "SELECT n AS id, [CAST(n AS FLOAT64)] AS v FROM UNNEST(GENERATE_ARRAY(1, 25)) AS n"
    )
    count = "SELECT COUNT(*), MAX(base.id) FROM VECTOR_SEARCH(TABLE {ds}.many, 'v', (SELECT [0.0] AS v){})"
    assert ask(count.replace("{}", "")) == [(10, 10)]
    assert ask(count.replace("{}", ", top_k => -1")) == [(25, 25)]


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


def test_columns_of_base_and_query_are_complete_structs(bigquery, animals):
    sql = f"SELECT * FROM VECTOR_SEARCH(TABLE {animals}.base, 'embedding', TABLE {animals}.queries)"
    job = bigquery.query(sql, job_config=QueryJobConfig(dry_run=True))
    shape = [(field.name, field.field_type, [child.name for child in field.fields]) for field in job.schema]
    assert shape == [
        ("query", "RECORD", ["query_id", "embedding"]),
        ("base", "RECORD", ["id", "embedding"]),
        ("distance", "FLOAT", []),
    ]


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


def test_in_ctas_insert_merge_and_scripts(ask):
    found = (
        f"SELECT base.id AS id, distance FROM VECTOR_SEARCH({BASE}, query_value => [1.0, 2.0], top_k => %s)"
    )
    ask("CREATE OR REPLACE TABLE {ds}.found AS " + found % 1)
    ask("INSERT INTO {ds}.found " + found % 2)
    ask(
        "MERGE {ds}.found AS t USING (" + found % 3 + ") AS s ON t.id = s.id WHEN NOT MATCHED THEN INSERT ROW"
    )
    assert ask("SELECT id, COUNT(*) FROM {ds}.found GROUP BY id ORDER BY id") == [
        ("dog", 2),
        ("snake", 1),
        ("wolf", 1),
    ]
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


def test_without_order_by_the_rows_come_in_no_order(ask):
    for top_k in (2, 3, 5, 7):
        sql = f"SELECT distance FROM VECTOR_SEARCH({BASE}, query_value => [1.0, 2.0], top_k => %d)"
        distances = [row[0] for row in ask(sql % top_k)]
        assert distances != sorted(distances)
        assert len(distances) == top_k


@pytest.mark.parametrize("distance_type", ["EUCLIDEAN", "COSINE", "DOT_PRODUCT"])
def test_dimension_mismatch_fails_at_execution_with_the_text_of_bigquery(bigquery, animals, distance_type):
    base = BASE.format(ds=animals)
    sql = f"SELECT * FROM VECTOR_SEARCH({base}, %s, distance_type => '{distance_type}')"
    table = sql % "(SELECT [1.0, 2.0, 3.0] AS e)"
    assert bigquery.query(table, job_config=QueryJobConfig(dry_run=True)).schema
    expected = (
        "Dimension of column `embedding` in the base table does not match the dimension of column `e` "
        "in the query data."
    )
    with pytest.raises(BadRequest) as failure:
        bigquery.query_and_wait(table)
    assert expected in str(failure.value)
    expected = (
        "Dimension of column embedding in the base table does not match the dimension of the query data."
    )
    with pytest.raises(BadRequest) as failure:
        bigquery.query_and_wait(sql % "query_value => [1.0]")
    assert expected in str(failure.value)


@pytest.mark.parametrize("bad", ["[]", "NULL"])
def test_one_empty_vector_breaks_the_whole_search(ask, bad):
    ask(f"CREATE OR REPLACE TABLE {{ds}}.holed AS SELECT * FROM {{ds}}.base UNION ALL SELECT 'x', {bad}")
    with pytest.raises(BadRequest, match="Dimension of column embedding in the base table does not match"):
        ask("SELECT * FROM VECTOR_SEARCH(TABLE {ds}.holed, 'embedding', query_value => [1.0, 2.0])")


def test_zero_vector_has_no_cosine_distance(bigquery, ask, animals):
    base = BASE.format(ds=animals)
    sql = f"SELECT * FROM VECTOR_SEARCH({base}, query_value => [0.0, 0.0], distance_type => 'COSINE')"
    assert bigquery.query(sql, job_config=QueryJobConfig(dry_run=True)).schema
    with pytest.raises(BadRequest, match="Cannot compute cosine distance against zero vector"):
        ask(sql)


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
    "topk => 3": "Named argument `topk` not found in signature for call to function VECTOR_SEARCH",
    "top_k => 1, top_k => 2": "top_k twice",
    "lexical_search_query_value => 'x'": "not emulated: hybrid search",
    "query_column_to_search => 'embedding'": "only with a query table",
    "query_value => [1.0]": "query_value twice",
}


@pytest.mark.parametrize("argument", REFUSED)
def test_bad_arguments_are_refused_before_anything_runs(bigquery, animals, argument):
    sql = (FORM + argument + ")").format(ds=animals)
    with pytest.raises(BadRequest) as failure:
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


def test_job_statistics_say_why_no_index_was_used(bigquery, animals):
    def reasons(options: str):
        job = bigquery.query((FORM + f"options => '{options}')").replace("{ds}", animals))
        job.result()
        return bigquery.get_job(job.job_id)._properties["statistics"]["query"]["vectorSearchStatistics"]

    found = reasons("{}")
    assert found["indexUsageMode"] == "UNUSED"
    assert [reason["code"] for reason in found["indexUnusedReasons"]] == ["INDEX_CONFIG_NOT_AVAILABLE"]
    [reason] = reasons('{"use_brute_force": true}')["indexUnusedReasons"]
    assert reason["code"] == "INDEX_SUPPRESSED_BY_FUNCTION_OPTION"
    assert reason["message"] == (
        f"No vector index was used for the base table `demo-project:{animals}.base` because "
        "use_brute_force option has been specified."
    )
    assert reason["baseTable"] == {"projectId": "demo-project", "datasetId": animals, "tableId": "base"}


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
