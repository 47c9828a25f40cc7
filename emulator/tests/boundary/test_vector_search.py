"""VECTOR_SEARCH: forms, distances, filters, refusals, and what the job says of the index."""

import pytest
from documented import DOCS, JOB, SEARCH, SQL, VECTOR_INDEX, documented, emulator_only
from google.api_core.exceptions import BadRequest
from google.cloud.bigquery import ArrayQueryParameter, QueryJobConfig, ScalarQueryParameter
from vector_data import ANIMALS

from boundary.vectors import BRUTE, Indexed

SECTION = "Vector search"
CAT_LION, CAT_TIGER = ("cat", "lion", 1.8027756377319946), ("cat", "tiger", 2.23606797749979)
DOG_DOG, DOG_WOLF = ("dog", "dog", 0.0), ("dog", "wolf", 2.23606797749979)
NEAR = "TABLE {ds}.base, 'embedding', query_value => [1.0, 2.0]"


@pytest.fixture(scope="session")
def animals(service, shared_dataset):
    """The dataset of the documented examples."""
    service.ask(ANIMALS.format(ds=shared_dataset))
    return shared_dataset


@pytest.fixture
def search(service, animals):
    """VECTOR_SEARCH with these arguments; rows of query id, base id and distance, or what `select` says."""

    def search(arguments: str, *parameters, select="query.query_id, base.id, distance", tail="ORDER BY 1, 3"):
        sql = f"SELECT {select} FROM VECTOR_SEARCH({arguments}) {tail}"
        return service.ask(sql.format(ds=animals), *parameters)

    return search


@documented(SECTION, "Distance is EUCLIDEAN unless asked otherwise (the documented example)", SEARCH)
def test_euclidean_is_the_default(search):
    found = search("TABLE {ds}.base, 'embedding', TABLE {ds}.queries, top_k => 2")
    assert found == [CAT_LION, CAT_TIGER, DOG_DOG, DOG_WOLF]


@documented(SECTION, "The base may be a query with WHERE (the documented example)", SEARCH)
def test_a_filter_on_the_base(search):
    base = "(SELECT * FROM {ds}.base WHERE id != 'wolf')"
    found = search(base + ", 'embedding', TABLE {ds}.queries, 'embedding', top_k => 2")
    assert found == [CAT_LION, CAT_TIGER, DOG_DOG, ("dog", "snake", 3.1622776601683795)]


@documented(SECTION, "COSINE is 1 - cosine similarity (the documented example)", SEARCH)
def test_cosine(search):
    found = search("TABLE {ds}.base, 'embedding', TABLE {ds}.queries, top_k => 2, distance_type => 'COSINE'")
    assert {row[:2] for row in found} == {("cat", "lion"), ("cat", "tiger"), ("dog", "dog"), ("dog", "wolf")}
    expected = [0.0061162653263812095, 0.019419324309079777, 0.0, 0.0]
    assert [row[2] for row in found] == pytest.approx(expected, abs=1e-12)


@documented(SECTION, "`top_k` is 10 by default; negative means every row", SEARCH)
def test_top_k(service, dataset):
    numbers = "UNNEST(GENERATE_ARRAY(1, 25)) AS n"
    service.ask(f"CREATE TABLE {dataset}.many AS SELECT [CAST(n AS FLOAT64)] AS v FROM {numbers}")
    count = f"SELECT COUNT(*) FROM VECTOR_SEARCH(TABLE {dataset}.many, 'v', query_value => [0.0]%s)"
    assert service.ask(count % "") == [(10,)]
    assert service.ask(count % ", top_k => -1") == [(25,)]


@documented(SECTION, "`query_value => [...]` searches one vector and returns no `query` column", SEARCH)
def test_a_query_value(search):
    nearest = ({"id": "lion", "embedding": [2.0, -2.5]}, 1.8027756377319946)
    arguments = "TABLE {ds}.base, 'embedding', query_value => %s, top_k => 1"
    assert search(arguments % "[1.0, -1.0]", select="*", tail="") == [nearest]
    parameter = ArrayQueryParameter("v", "FLOAT64", [1.0, -1.0])
    assert search(arguments % "@v", parameter, select="*", tail="") == [nearest]


@documented(
    SECTION,
    "The query column is named by position or `query_column_to_search`, else of the same name",
    SEARCH,
)
def test_the_query_column(search):
    base, both = "TABLE {ds}.base, 'embedding', ", "(SELECT [1.0, 2.0] AS other, [-5.0, -1.0] AS embedding)"
    for argument, nearest in (
        ("", "whale"),
        (", 'other'", "dog"),
        (", query_column_to_search => 'other'", "dog"),
    ):
        assert search(f"{base}{both}{argument}, top_k => 1", select="base.id", tail="") == [(nearest,)]


@documented(SECTION, "The result is `query` and `base` (STRUCTs of all columns) and `distance`", SEARCH)
def test_columns(bigquery, animals):
    sql = f"SELECT * FROM VECTOR_SEARCH(TABLE {animals}.base, 'embedding', TABLE {animals}.queries)"
    job = bigquery.query(sql, job_config=QueryJobConfig(dry_run=True))
    assert [
        (field.name, field.field_type, [child.name for child in field.fields]) for field in job.schema
    ] == [
        ("query", "RECORD", ["query_id", "embedding"]),
        ("base", "RECORD", ["id", "embedding"]),
        ("distance", "FLOAT", []),
    ]


@documented(SECTION, "`top_k` and the query vector may be query parameters", SEARCH)
def test_parameters(search):
    arguments = "TABLE {ds}.base, 'embedding', query_value => @v, top_k => @k"
    values = ArrayQueryParameter("v", "FLOAT64", [1.0, 2.0]), ScalarQueryParameter("k", "INT64", 2)
    assert search(arguments, *values, select="base.id, distance", tail="ORDER BY 2") == [
        ("dog", 0.0),
        ("wolf", 2.23606797749979),
    ]


@documented(
    SECTION, "The order of the output isn't guaranteed: it is none, so that a missing ORDER BY shows", SEARCH
)
@emulator_only("on BigQuery any order is right")
def test_no_order(search):
    found = [search(f"{NEAR}, top_k => {k}", select="distance", tail="") for k in (2, 3, 5, 7)]
    assert [len(rows) for rows in found] == [2, 3, 5, 7]
    assert all(rows != sorted(rows) for rows in found)


@documented(
    SECTION,
    "A query vector of another dimension fails the job, not the dry run",
    "https://github.com/langchain-ai/langchain-google/issues/1297",
    "2025-11-08",
)
@pytest.mark.parametrize("distance_type", ["EUCLIDEAN", "COSINE", "DOT_PRODUCT"])
@pytest.mark.parametrize(
    ("query", "text"),
    [
        (
            "(SELECT [1.0, 2.0, 3.0] AS e)",
            "Dimension of column `embedding` in the base table does not match the dimension of column `e` "
            "in the query data.",
        ),
        (
            "query_value => [1.0]",
            "Dimension of column embedding in the base table does not match the dimension of the query data.",
        ),
    ],
)
def test_another_dimension(bigquery, animals, query, text, distance_type):
    arguments = f"TABLE {animals}.base, 'embedding', {query}, distance_type => '{distance_type}'"
    sql = f"SELECT * FROM VECTOR_SEARCH({arguments})"
    assert bigquery.query(sql, job_config=QueryJobConfig(dry_run=True)).schema
    with pytest.raises(BadRequest) as failure:
        bigquery.query_and_wait(sql)
    assert text in str(failure.value)


@documented(
    SECTION, "One empty vector in the base breaks the whole search", "observed: LangChain users", "2025-11-08"
)
@pytest.mark.parametrize("bad", ["ARRAY<FLOAT64>[]", "NULL"])
def test_one_empty_vector(service, dataset, animals, bad):
    service.ask(f"CREATE TABLE {dataset}.holed AS SELECT * FROM {animals}.base UNION ALL SELECT 'x', {bad}")
    with pytest.raises(BadRequest, match="Dimension of column embedding in the base table does not match"):
        service.ask(
            f"SELECT * FROM VECTOR_SEARCH(TABLE {dataset}.holed, 'embedding', query_value => [1.0, 2.0])"
        )


@documented(
    SECTION,
    "A zero vector has no cosine distance: the job fails, not the dry run",
    "https://github.com/google/zetasql",
)
def test_a_zero_vector(bigquery, animals):
    arguments = f"TABLE {animals}.base, 'embedding', query_value => [0.0, 0.0], distance_type => 'COSINE'"
    sql = f"SELECT * FROM VECTOR_SEARCH({arguments})"
    assert bigquery.query(sql, job_config=QueryJobConfig(dry_run=True)).schema
    with pytest.raises(BadRequest, match="Cannot compute cosine distance against zero vector"):
        bigquery.query_and_wait(sql)


@documented(
    SECTION, "`fraction_lists_to_search` is between 0 and 1, exclusive, and not for brute force", SEARCH
)
@pytest.mark.parametrize(
    "options",
    [
        '{"fraction_lists_to_search": 1.0}',
        '{"fraction_lists_to_search": 0.0}',
        '{"use_brute_force": true, "fraction_lists_to_search": 0.1}',
    ],
)
def test_options_have_bounds(service, animals, options):
    with pytest.raises(BadRequest):
        service.ask(f"SELECT * FROM VECTOR_SEARCH({NEAR}, options => '{options}')".replace("{ds}", animals))


@documented(SECTION, "The base query may use SELECT, FROM and WHERE only, and no logical view", SEARCH)
@pytest.mark.parametrize(
    "base",
    [
        "(SELECT * FROM {ds}.base ORDER BY id)",
        "(SELECT * FROM {ds}.base LIMIT 3)",
        "TABLE {ds}.a_view",
    ],
)
def test_the_base_query(service, animals, base):
    service.ask(f"CREATE OR REPLACE VIEW {animals}.a_view AS SELECT * FROM {animals}.base")
    with pytest.raises(BadRequest):
        service.ask(
            f"SELECT * FROM VECTOR_SEARCH({base}, 'embedding', query_value => [1.0, 2.0])".format(ds=animals)
        )


@documented(SECTION, "The column to search is ARRAY<FLOAT64>", SEARCH)
def test_the_column_to_search(service, animals):
    with pytest.raises(BadRequest):
        service.ask(f"SELECT * FROM VECTOR_SEARCH(TABLE {animals}.base, 'id', query_value => [1.0, 2.0])")


@documented(SECTION, "Without an index the job says UNUSED, INDEX_CONFIG_NOT_AVAILABLE", JOB)
def test_no_index(service, animals):
    sql = f"SELECT base.id FROM VECTOR_SEARCH({NEAR})".format(ds=animals)
    found = service.statistics(sql)["vectorSearchStatistics"]
    assert found["indexUsageMode"] == "UNUSED"
    [reason] = found["indexUnusedReasons"]
    assert reason["code"] == "INDEX_CONFIG_NOT_AVAILABLE"
    assert reason["baseTable"]["tableId"] == "base"


@documented(
    SECTION, "`use_brute_force` is honoured and named: INDEX_SUPPRESSED_BY_FUNCTION_OPTION", VECTOR_INDEX
)
def test_brute_force(service, indexed: Indexed):
    found = service.statistics(indexed.search(BRUTE))["vectorSearchStatistics"]
    assert found["indexUsageMode"] == "UNUSED"
    [reason] = found["indexUnusedReasons"]
    assert reason["code"] == "INDEX_SUPPRESSED_BY_FUNCTION_OPTION"
    assert reason["message"] == (
        f"No vector index was used for the base table `{service.bigquery.project}:{indexed.name}` because "
        "use_brute_force option has been specified."
    )


@documented(SECTION, "A search that used the index says FULLY_USED, without reasons", JOB)
def test_the_index_is_used(service, indexed: Indexed):
    found = service.statistics(indexed.search())["vectorSearchStatistics"]
    assert found["indexUsageMode"] == "FULLY_USED"
    assert "indexUnusedReasons" not in found


@documented(
    SECTION, "Without `distance_type` the index's distance holds, but only if the index is used", SEARCH
)
def test_the_distance_of_the_index(service, indexed: Indexed):
    used, brute = dict(service.ask(indexed.search())), dict(service.ask(indexed.search(BRUTE)))
    common = (set(used) & set(brute)) - {7}
    assert common
    for n in common:  # the vectors have length 1: euclidean² = 2 × cosine distance
        assert brute[n] ** 2 == pytest.approx(2 * used[n])


@documented(SECTION, "A search may use an index with another distance than the index's", VECTOR_INDEX)
def test_another_distance(service, indexed: Indexed):
    sql = indexed.search(", distance_type => 'EUCLIDEAN'")
    assert service.statistics(sql)["vectorSearchStatistics"]["indexUsageMode"] == "FULLY_USED"
    assert service.ask(sql)[0] == (7, 0.0)


@documented(
    SECTION,
    "A WHERE on columns that are not stored comes after an index search: fewer rows than `top_k`",
    VECTOR_INDEX,
)
def test_post_filter(service, indexed: Indexed):
    sql = indexed.search(", top_k => 20", where="MOD(n, 4) = 1")
    assert len(service.ask(sql)) < 20


@documented(SECTION, "A WHERE on stored columns comes before the search: all of `top_k`", VECTOR_INDEX)
def test_pre_filter(service, indexed: Indexed):
    assert len(service.ask(indexed.search(", top_k => 20", where="kind = 'k1'"))) == 20


@documented(SECTION, "With brute force every WHERE of the base comes before the search", VECTOR_INDEX)
def test_exact_pre_filter(service, indexed: Indexed):
    assert len(service.ask(indexed.search(f", top_k => 20{BRUTE}", where="MOD(n, 4) = 1"))) == 20


@documented(
    SECTION,
    "`storedColumnsUsages` names the columns that the index does not store",
    JOB + "#StoredColumnsUsage",
)
def test_stored_columns(service, indexed: Indexed):
    [covered] = service.statistics(indexed.search(select="base.kind"))["vectorSearchStatistics"][
        "storedColumnsUsages"
    ]
    assert covered["isQueryAccelerated"] is True
    [missing] = service.statistics(indexed.search())["vectorSearchStatistics"]["storedColumnsUsages"]
    [reason] = missing["storedColumnsUnusedReasons"]
    assert (reason["code"], reason["uncoveredColumns"]) == ("STORED_COLUMNS_COVER_INSUFFICIENT", ["n"])


@documented(
    SECTION,
    "COSINE_DISTANCE and EUCLIDEAN_DISTANCE are those of VECTOR_SEARCH",
    SQL + "mathematical_functions",
)
def test_distance_functions(service):
    sql = "SELECT COSINE_DISTANCE([1.0, -1.0], [2.0, -2.5]), EUCLIDEAN_DISTANCE([1.0, -1.0], [2.0, -2.5])"
    [(cosine, euclidean)] = service.ask(sql)
    assert cosine == pytest.approx(0.0061162653263812095, abs=1e-12)
    assert euclidean == 1.8027756377319946
    assert service.ask("SELECT COSINE_DISTANCE(CAST(NULL AS ARRAY<FLOAT64>), [1.0])") == [(None,)]


@documented(
    SECTION,
    "They refuse vectors of two lengths, and zero vectors where it matters",
    "https://github.com/google/zetasql",
)
@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("COSINE_DISTANCE([1.0, 2.0], [3.0])", "Array length mismatch"),
        ("EUCLIDEAN_DISTANCE([1.0, 2.0], [3.0])", "Array length mismatch"),
        ("COSINE_DISTANCE([1.0, 2.0], [0.0, 0.0])", "Cannot compute cosine distance against zero vector"),
    ],
)
def test_bad_vectors(service, call, text):
    with pytest.raises(BadRequest, match=text):
        service.ask(f"SELECT {call}")


@documented(SECTION, "A search can be the source of CTAS, INSERT and MERGE", DOCS + "vector-search")
def test_in_other_statements(service, animals, dataset):
    found = f"SELECT base.id AS id FROM VECTOR_SEARCH({NEAR}, top_k => %s)".format(ds=animals)
    service.ask(f"CREATE TABLE {dataset}.found AS {found % 1}")
    service.ask(f"INSERT INTO {dataset}.found (id) {found % 2}")
    service.ask(
        f"MERGE {dataset}.found AS t USING ({found % 3}) AS s ON t.id = s.id WHEN NOT MATCHED THEN INSERT ROW"
    )
    assert service.ask(f"SELECT id, COUNT(*) FROM {dataset}.found GROUP BY id ORDER BY id") == [
        ("dog", 2),
        ("snake", 1),
        ("wolf", 1),
    ]
