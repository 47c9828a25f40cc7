"""Vector indexes: what may be indexed, what the catalog says, when the index goes."""

import datetime

import pytest
from documented import DDL, DOCS, INDEX_VIEW, QUOTAS, STATISTICS, VECTOR_INDEX, documented
from google.api_core.exceptions import BadRequest, GoogleAPICallError, NotFound

from boundary.vectors import DIMENSION, ROWS, Indexed

SECTION = "Vector index"
STATMIKE = "observed: statmike"
STATMIKE_READ = "2026-09-03"
COLUMNS = """index_catalog STRING, index_schema STRING, table_name STRING, index_name STRING,
index_status STRING, creation_time TIMESTAMP, last_modification_time TIMESTAMP, last_refresh_time TIMESTAMP,
disable_time TIMESTAMP, disable_reason STRING, ddl STRING, coverage_percentage INTEGER,
unindexed_row_count INTEGER, total_logical_bytes INTEGER, total_storage_bytes INTEGER,
last_index_alteration_info RECORD, last_model_build_time TIMESTAMP"""


@pytest.fixture
def table(service, dataset) -> Indexed:
    """A table of the test's own that does not exist yet."""
    return Indexed(service, dataset)


@pytest.fixture(scope="session")
def unindexed(service, shared_dataset) -> Indexed:
    """A table that could be indexed; tests only try what is refused."""
    unindexed = Indexed(service, shared_dataset, "unindexed")
    unindexed.fill(5_000, 2)
    service.ask(f"ALTER TABLE {unindexed.name} ADD COLUMN ranges RANGE<DATE>")
    return unindexed


@documented(SECTION, "A table of fewer than 5,000 rows cannot be indexed; the text says so", QUOTAS)
@pytest.mark.parametrize("kind", ["IVF", "TREE_AH"])
def test_too_few_rows(table, kind):
    table.fill(4_999, 2)
    with pytest.raises(BadRequest) as failure:
        table.index(kind=kind)
    assert (
        "Total rows 4999 is smaller than min allowed 5000 for CREATE VECTOR INDEX query with the "
        f"{kind} index type. Please use VECTOR_SEARCH table-valued function directly to perform "
        "the similarity search."
    ) in str(failure.value)
    assert table.row() is None


@documented(SECTION, "A table below 10 MB can be indexed, but the index is not populated", VECTOR_INDEX)
def test_too_few_bytes(table, service):
    table.fill(5_000, 2)
    table.index()
    status, coverage, _, refreshed = table.row()
    assert status in ("ACTIVE", "TEMPORARILY DISABLED")
    assert (coverage, refreshed) == (0, None)


@documented(SECTION, "A search then compares every row and says BASE_TABLE_TOO_SMALL", VECTOR_INDEX)
def test_a_search_in_a_small_table(table, service):
    table.fill(5_000, 2)
    table.index()
    assert service.ask(table.search(", top_k => 1")) == [(7, 0.0)]
    usage = service.statistics(table.search())["vectorSearchStatistics"]
    assert usage["indexUsageMode"] == "UNUSED"
    assert usage["indexUnusedReasons"][0]["code"] == "BASE_TABLE_TOO_SMALL"


@documented(
    SECTION, "The statement returns before the index is built; ACTIVE may mean being created", INDEX_VIEW
)
def test_it_is_built_in_the_background(table):
    table.fill()
    table.index()
    assert table.row("index_status") == ("ACTIVE",)
    table.wait_full()
    status, _, left, refreshed = table.row()
    assert (status, left) == ("ACTIVE", 0)
    assert isinstance(refreshed, datetime.datetime)


@documented(SECTION, "A table has at most one vector index", DDL)
@pytest.mark.parametrize(
    "prefix",
    [
        "CREATE VECTOR INDEX ix",
        "CREATE VECTOR INDEX other",
        "CREATE VECTOR INDEX IF NOT EXISTS other",
    ],
)
def test_one_index_per_table(indexed, prefix):
    with pytest.raises(GoogleAPICallError):
        indexed.index(prefix)
    assert indexed.row("index_name, coverage_percentage") == ("ix", 100)


@documented(SECTION, "`IF NOT EXISTS` does nothing when the table has an index of that name", DDL)
def test_if_not_exists(indexed):
    before = indexed.row("creation_time")
    indexed.index("CREATE VECTOR INDEX IF NOT EXISTS ix")
    assert indexed.row("creation_time") == before


@documented(SECTION, "`OR REPLACE` replaces the index of the same name", DDL)
def test_or_replace(table, service):
    table.fill(5_000, 2)
    table.index()
    table.index("CREATE OR REPLACE VECTOR INDEX ix", kind="TREE_AH")
    options = f"SELECT option_value FROM {table.dataset}.INFORMATION_SCHEMA.VECTOR_INDEX_OPTIONS"
    assert service.ask(options + " WHERE option_name = 'index_type'") == [("TREE_AH",)]


@documented(SECTION, "`OR REPLACE` and `IF NOT EXISTS` exclude each other", DDL)
def test_or_replace_if_not_exists(unindexed):
    with pytest.raises(BadRequest):
        unindexed.index("CREATE OR REPLACE VECTOR INDEX IF NOT EXISTS ix")


@documented(SECTION, "`index_type` is required: IVF or TREE_AH", DDL)
def test_index_type(unindexed, service):
    with pytest.raises(BadRequest):
        unindexed.index(kind="HNSW")
    with pytest.raises(BadRequest):
        service.ask(f"CREATE VECTOR INDEX ix ON {unindexed.name}(embedding)")


@documented(SECTION, "`distance_type` is EUCLIDEAN, COSINE or DOT_PRODUCT", DDL)
def test_distance_type(unindexed):
    with pytest.raises(BadRequest):
        unindexed.index(options="distance_type = 'L1'")


@documented(SECTION, "Each index type takes its own options only, within their bounds", DDL)
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("IVF", """ivf_options = '{"num_lists": 5001}'"""),
        ("IVF", """tree_ah_options = '{"leaf_node_embedding_count": 1000}'"""),
        ("TREE_AH", """ivf_options = '{"num_lists": 10}'"""),
        ("TREE_AH", """tree_ah_options = '{"leaf_node_embedding_count": 499}'"""),
        ("TREE_AH", """tree_ah_options = '{"normalization_type": "L1"}'"""),
    ],
)
def test_options(unindexed, kind, options):
    with pytest.raises(BadRequest):
        unindexed.index(kind=kind, options=options)


@documented(SECTION, "Options and spelling of `distance_type` do not depend on case", "observed: dolr-ai")
def test_case(table):
    table.fill(5_000, 2)
    table.index(options="distance_type = 'cosine'")


@documented(SECTION, "Only ARRAY<FLOAT64> columns can be indexed", STATMIKE, STATMIKE_READ)
def test_other_columns(unindexed, service):
    with pytest.raises(BadRequest, match="Vector index is not supported on column: 'kind'"):
        service.ask(f"CREATE VECTOR INDEX ix ON {unindexed.name}(kind) OPTIONS (index_type = 'IVF')")


@documented(SECTION, "An index is on a column, not an expression", STATMIKE, STATMIKE_READ)
def test_expressions(unindexed, service):
    with pytest.raises(BadRequest, match="CREATE VECTOR INDEX does not yet support expressions"):
        service.ask(f"CREATE VECTOR INDEX ix ON {unindexed.name}(LOWER(kind)) OPTIONS (index_type = 'IVF')")


@documented(SECTION, "Only standard tables can be indexed", DDL)
def test_object_tables(service, dataset):
    service.ask(
        f"CREATE EXTERNAL TABLE {dataset}.o WITH CONNECTION DEFAULT "
        "OPTIONS (object_metadata = 'SIMPLE', uris = ['gs://some-bucket/*'])"
    )
    with pytest.raises(BadRequest):
        service.ask(f"CREATE VECTOR INDEX ix ON {dataset}.o(uri) OPTIONS (index_type = 'IVF')")


@documented(SECTION, "A column is stored once", STATMIKE, STATMIKE_READ)
def test_stored_twice(unindexed):
    with pytest.raises(BadRequest, match="Column kind found multiple times"):
        unindexed.index(clauses="STORING(kind, kind)")


@documented(SECTION, "RANGE columns cannot be stored", VECTOR_INDEX)
def test_stored_range(unindexed):
    with pytest.raises(BadRequest):
        unindexed.index(clauses="STORING(ranges)")


@documented(SECTION, "TREE_AH needs vectors of at least 2 dimensions", DDL)
def test_one_dimension(table):
    table.fill(5_000, 1)
    with pytest.raises(BadRequest):
        table.index(kind="TREE_AH")


@documented(SECTION, "`VECTOR_INDEXES` has 17 columns of fixed names, types and order", INDEX_VIEW)
def test_the_view(bigquery, indexed):
    view = f"SELECT * FROM {indexed.dataset}.INFORMATION_SCHEMA.VECTOR_INDEXES WHERE table_name = 'indexed'"
    result = bigquery.query_and_wait(view)
    columns = ", ".join(f"{field.name} {field.field_type}" for field in result.schema)
    assert columns.replace("DDL", "ddl") == COLUMNS.replace("\n", " ")
    [row] = [dict(row) for row in result]
    assert (row["index_catalog"], row["index_schema"]) == (bigquery.project, indexed.dataset)
    assert row["disable_time"] is row["disable_reason"] is None
    assert row["creation_time"] <= row["last_refresh_time"]
    assert row["total_logical_bytes"] >= ROWS * DIMENSION * 8
    alteration = next(field for field in result.schema if field.name == "last_index_alteration_info")
    names = [field.name for field in alteration.fields]
    assert names == ["status", "message", "new_coverage_percentage", "start_time", "end_time", "ddl"]


@documented(
    SECTION,
    "`VECTOR_INDEX_COLUMNS` has a row for each indexed column",
    DOCS + "information-schema-vector-index-columns",
)
def test_the_view_of_columns(bigquery, indexed, service):
    view = f"{indexed.dataset}.INFORMATION_SCHEMA.VECTOR_INDEX_COLUMNS"
    of_vectors = "table_name = 'indexed' AND index_column_name = 'embedding'"
    expected = (bigquery.project, indexed.dataset, "indexed", "ix", "embedding", "embedding")
    assert service.ask(f"SELECT * FROM {view} WHERE {of_vectors}") == [expected]


@documented(
    SECTION,
    "`VECTOR_INDEX_OPTIONS` has a row for each option",
    DOCS + "information-schema-vector-index-options",
)
def test_the_view_of_options(bigquery, indexed, service):
    view = f"{indexed.dataset}.INFORMATION_SCHEMA.VECTOR_INDEX_OPTIONS"
    of_distance = "table_name = 'indexed' AND option_name = 'distance_type'"
    expected = (bigquery.project, indexed.dataset, "indexed", "ix", "distance_type", "STRING", "COSINE")
    assert service.ask(f"SELECT * FROM {view} WHERE {of_distance}") == [expected]


@documented(SECTION, "The three views need a dataset as qualifier", INDEX_VIEW)
def test_the_qualifier(service):
    with pytest.raises(GoogleAPICallError):
        service.ask("SELECT * FROM INFORMATION_SCHEMA.VECTOR_INDEXES")


@documented(SECTION, "The index goes with its table, its column, and when either is renamed", VECTOR_INDEX)
@pytest.mark.parametrize(
    "loss",
    [
        "DROP TABLE {t}",
        "ALTER TABLE {t} RENAME TO renamed",
        "ALTER TABLE {t} DROP COLUMN embedding",
        "ALTER TABLE {t} RENAME COLUMN embedding TO other",
    ],
    ids=["drop", "rename", "drop_column", "rename_column"],
)
def test_what_takes_the_index_along(table, service, loss):
    table.fill(5_000, 2)
    table.index()
    service.ask(loss.format(t=table.name))
    service.wait_until(
        lambda: not service.ask(f"SELECT 1 FROM {table.dataset}.INFORMATION_SCHEMA.VECTOR_INDEXES")
    )


@documented(SECTION, "`DROP VECTOR INDEX` fails without an index, `IF EXISTS` does not", DDL)
def test_drop(table, service):
    table.fill(5_000, 2)
    table.index()
    service.ask(f"DROP VECTOR INDEX ix ON {table.name}")
    service.ask(f"DROP VECTOR INDEX IF EXISTS ix ON {table.name}")
    with pytest.raises((NotFound, BadRequest)):
        service.ask(f"DROP VECTOR INDEX ix ON {table.name}")


@documented(SECTION, "`REBUILD` needs a BACKGROUND reservation, in a dry run too", STATMIKE, STATMIKE_READ)
@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("index", ["ix", "IF EXISTS ix"])
def test_rebuild(unindexed, service, index, dry_run):
    with pytest.raises(BadRequest) as failure:
        service.ask(f"ALTER VECTOR INDEX {index} ON {unindexed.name} REBUILD", dry_run=dry_run)
    text = "Cannot alter vector index on table unindexed because there is no BACKGROUND reservation."
    assert text in str(failure.value)


@documented(
    SECTION,
    "`VECTOR_INDEX.STATISTICS` answers nothing for a table without an index",
    STATISTICS,
)
def test_statistics_without_an_index(unindexed, service):
    assert service.ask(f"SELECT * FROM VECTOR_INDEX.STATISTICS(TABLE {unindexed.name})") == []


@documented(
    SECTION,
    "`VECTOR_INDEX.STATISTICS` tells the drift, at least 0 and below 1",
    STATISTICS,
)
def test_statistics(indexed, bigquery):
    result = bigquery.query_and_wait(f"SELECT * FROM VECTOR_INDEX.STATISTICS(TABLE {indexed.name})")
    assert [(field.name, field.field_type) for field in result.schema] == [("tfdv_drift", "FLOAT")]
    [(drift,)] = [tuple(row.values()) for row in result]
    assert 0 <= drift < 1


@documented(SECTION, "`VECTOR_INDEX.STATISTICS` takes one table", STATMIKE, STATMIKE_READ)
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("TABLE {}, 'ix'", "Signature accepts at most 1 argument, found 2 arguments"),
        ("'{}'", "argument 1 must be a relation (i.e. table subquery)"),
    ],
)
def test_statistics_takes_one_table(indexed, service, arguments, text):
    with pytest.raises(BadRequest) as failure:
        service.ask(f"SELECT * FROM VECTOR_INDEX.STATISTICS({arguments.format(indexed.name)})", dry_run=True)
    assert text in str(failure.value)
