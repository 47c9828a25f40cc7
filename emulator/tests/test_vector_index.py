"""Vector indexes as documented in https://docs.cloud.google.com/bigquery/docs/vector-index and in the DDL and
INFORMATION_SCHEMA references (2026-08-22); error texts observed live; "ours" where no source states one.
"""

import datetime
import signal

import numpy as np
import pytest
from documented import DDL, INDEX_VIEW, REST, SQL, VECTOR_INDEX, documented
from emulator_process import wait_until
from google.api_core.exceptions import BadRequest, Conflict, Forbidden, NotFound
from vector_data import load, vectors
from vector_table import CREATE, DIMENSION, ROWS, SEARCH, STATE, Indexed, filtered


@pytest.fixture
def table(emulator, dataset):
    """An empty table's name in a fresh dataset of the shared emulator; indexes are built at once."""
    emulator.faults(index_build_seconds=0)
    yield Indexed(emulator, dataset)
    emulator.faults(index_build_seconds=2.0, disable_vector_indexes=None)


@pytest.fixture(scope="module")
def shared(emulator):
    """A filled and indexed table that tests only read."""
    emulator.faults(index_build_seconds=0)
    shared = Indexed(emulator, "shared_index")
    shared.ask("CREATE SCHEMA shared_index")
    shared.fill()
    shared.ask(CREATE)
    shared.wait_full()
    yield shared
    shared.ask("DROP SCHEMA shared_index CASCADE")
    emulator.faults(index_build_seconds=2.0)


@pytest.fixture(scope="module")
def unindexed(emulator, shared):
    """A table that could be indexed, but never is."""
    unindexed = Indexed(emulator, shared.ds, "unindexed")
    unindexed.fill(5_000, 2)
    unindexed.ask("ALTER TABLE {ds}.{table} ADD COLUMN ranges RANGE<DATE>")
    return unindexed


@documented(
    "Vector index",
    "Coverage rises; `last_refresh_time` is NULL while the index cannot be used",
    INDEX_VIEW,
)
def test_the_index_grows_and_then_finds_the_nearest(emulator, table):
    table.fill()
    emulator.faults(index_build_seconds=2.0)
    table.ask(CREATE)
    assert table.state() == ("ACTIVE", 0, ROWS, None, None, None)
    seen = []
    wait_until(lambda: seen.append(table.state()) or seen[-1][1] == 100)
    coverage = [state[1] for state in seen]
    assert coverage == sorted(coverage)
    assert any(0 < percentage < 100 for percentage in coverage)
    assert all((state[1] > 0) <= (state[3] is not None) for state in seen)
    assert seen[-1][2] == 0
    assert table.usage(SEARCH % "") == {"indexUsageMode": "FULLY_USED"}
    exact = table.ask(SEARCH % """, options => '{"use_brute_force": true}', distance_type => 'COSINE'""")
    found = table.ask(SEARCH % "")
    assert found[0] == exact[0] == (7, 0.0)
    assert len(set(found) & set(exact)) >= 8  # of 10; the same distances, bit by bit


@documented("Vector search", "A smaller `fraction_lists_to_search` finds less", SQL + "search_functions")
def test_a_smaller_fraction_of_lists_finds_less_but_never_wrong_distances(shared):
    def recall(fraction: float) -> float:
        options = f", top_k => 50, options => '{{\"fraction_lists_to_search\": {fraction}}}'"
        return len(set(shared.ask(SEARCH % options)) & exact) / 50

    exact = set(
        shared.ask(
            SEARCH % """, top_k => 50, distance_type => 'COSINE', options => '{"use_brute_force": true}'"""
        )
    )
    recalls = [recall(fraction) for fraction in (0.001, 0.1, 0.999)]
    assert recalls == sorted(recalls)
    assert recalls[0] < recalls[2] == 1.0


def test_a_filter_on_a_column_that_is_not_stored_comes_after_the_search(shared):
    """BQ/vector-index, "Pre-filters and post-filters": fewer rows than top_k, potentially none."""
    for condition, least in (("kind = 'k1'", 1), ("kind = 'nothing'", 0)):
        sql = filtered(SEARCH % ", top_k => 20", condition)
        assert shared.usage(sql) == {"indexUsageMode": "FULLY_USED"}
        assert least <= len(shared.ask(sql)) < 20


@documented(
    "Vector search",
    "Rows not indexed yet are found: PARTIALLY_USED; coverage falls and recovers",
    VECTOR_INDEX,
)
def test_new_rows_are_found_before_they_are_indexed_and_deleted_rows_never(emulator, table):
    table.fill()
    table.ask(CREATE)
    table.wait_full()
    emulator.faults(index_build_seconds=3.0)
    table.fill(1_300, first=ROWS)
    state, coverage, unindexed = table.state()[:3]
    assert (state, coverage) == ("ACTIVE", 100 * (ROWS + 1_300 - unindexed) // (ROWS + 1_300))
    assert 650 < unindexed <= 1_300
    newest = (SEARCH % ", top_k => 1").replace("n = 7", f"n = {ROWS + 5}")
    assert table.usage(newest)["indexUsageMode"] == "PARTIALLY_USED"
    assert table.ask(newest) == [(ROWS + 5, 0.0)]
    table.wait_full()
    table.ask("DELETE FROM {ds}.{table} WHERE MOD(n, 2) = 0 AND n != 7")
    every = SEARCH.replace("base.n, distance", "MAX(MOD(base.n, 2)), COUNT(*)").replace(
        " ORDER BY distance", ""
    )
    assert table.ask(every % ", top_k => -1, options => '{\"fraction_lists_to_search\": 0.999}'")[0][0] == 1


def test_replaced_content_of_the_same_size_is_searched_and_indexed_again(table):
    table.fill()
    table.ask(CREATE)
    table.wait_full()
    fresh = vectors(ROWS, DIMENSION, seed=99)
    table.ask("DELETE FROM {ds}.{table} WHERE TRUE")
    load(table.client, f"{table.ds}.{table.table}", fresh)
    expected = 1 - fresh @ fresh[7] / (np.linalg.norm(fresh, axis=1) * np.linalg.norm(fresh[7]))
    table.wait_full()
    everything = ", top_k => 5, options => '{\"fraction_lists_to_search\": 0.999}'"
    found = table.ask(SEARCH % everything)
    assert [n for n, _ in found] == np.argsort(expected)[:5].tolist()
    assert [distance for _, distance in found] == pytest.approx(np.sort(expected)[:5].tolist(), abs=1e-12)


@documented(
    "Vector index",
    "Below 10 MB an index is TEMPORARILY DISABLED, and filled when its table grows",
    INDEX_VIEW,
)
def test_below_10_mb_the_index_is_created_but_never_filled_until_the_table_grows(emulator, table):
    table.fill(5_000, 128)
    emulator.faults(index_build_seconds=1.0)
    table.ask(CREATE)
    assert table.state() == ("ACTIVE", 0, 5_000, None, None, None)
    state = wait_until(lambda: table.state() if table.state()[0] == "TEMPORARILY DISABLED" else None)
    assert state[1:4] == (0, 5_000, None)
    assert "below the threshold of 10485760 bytes" in state[4]
    assert isinstance(state[5], datetime.datetime)
    assert table.code() == "BASE_TABLE_TOO_SMALL"
    assert table.ask(SEARCH % ", top_k => 1") == [(7, 0.0)]
    table.fill(5_500, 128, first=5_000)
    table.wait_full()
    assert table.state()[0] == "ACTIVE"
    assert table.usage(SEARCH % "") == {"indexUsageMode": "FULLY_USED"}


def test_disabled_by_a_fault(emulator, shared):
    emulator.faults(disable_vector_indexes="over the limit")
    try:
        state = shared.state()
        assert (state[0], state[1], state[4]) == ("TEMPORARILY DISABLED", 0, "over the limit")
        assert state[5] is not None
        assert shared.code() == "OTHER_REASON"
    finally:
        emulator.faults(disable_vector_indexes=None)
    assert shared.state()[0:2] == ("ACTIVE", 100)


def test_one_index_per_table(shared):
    assert shared.client.query(
        CREATE.format(ds=shared.ds, table="t").replace("INDEX ix", "INDEX IF NOT EXISTS ix")
    )
    with pytest.raises(Conflict, match="Already Exists: Vector index ix"):
        shared.ask(CREATE)
    for prefix in (
        "CREATE VECTOR INDEX other",
        "CREATE VECTOR INDEX IF NOT EXISTS other",
        "CREATE OR REPLACE VECTOR INDEX other",
    ):
        with pytest.raises(Conflict, match="at most one vector index"):
            shared.ask(CREATE.replace("CREATE VECTOR INDEX ix", prefix))
    assert shared.coverage() == 100


@documented("Vector index", "It has not the name of a search index on its table", DDL)
def test_the_name_of_a_search_index_is_taken(table):
    """DDL reference: no vector index by the name of a search index on its table. The text is ours."""
    table.fill(5_000, 2)
    table.ask("CREATE SEARCH INDEX ix ON {ds}.{table}(kind)")
    with pytest.raises(Conflict, match="Search index ix on table"):
        table.ask(CREATE.replace("CREATE", "CREATE OR REPLACE"))


def test_replacing_an_index_builds_it_again(table):
    table.fill()
    table.ask(CREATE)
    table.wait_full()
    table.ask(CREATE.replace("CREATE", "CREATE OR REPLACE").replace("'IVF'", "'TREE_AH'"))
    table.wait_full()
    options = "SELECT option_name, option_value FROM {ds}.INFORMATION_SCHEMA.VECTOR_INDEX_OPTIONS ORDER BY 1"
    assert table.ask(options) == [("distance_type", "COSINE"), ("index_type", "TREE_AH")]
    assert table.usage(SEARCH % "") == {"indexUsageMode": "FULLY_USED"}


def test_statement_types(table):
    table.fill(5_000, 2)

    def kind(sql: str) -> tuple:
        job = table.client.query(sql.format(ds=table.ds, table="t"))
        job.result()
        return job.statement_type, job.ddl_operation_performed

    assert kind(CREATE) == ("CREATE_VECTOR_INDEX", "CREATE")
    assert kind(CREATE.replace("INDEX ix", "INDEX IF NOT EXISTS ix")) == ("CREATE_VECTOR_INDEX", "SKIP")
    assert kind(CREATE.replace("CREATE", "CREATE OR REPLACE")) == ("CREATE_VECTOR_INDEX", "REPLACE")
    assert kind("DROP VECTOR INDEX ix ON {ds}.{table}") == ("DROP_VECTOR_INDEX", "DROP")
    assert kind("DROP VECTOR INDEX IF EXISTS ix ON {ds}.{table}") == ("DROP_VECTOR_INDEX", "SKIP")
    with pytest.raises(NotFound, match="Vector index ix"):
        kind("DROP VECTOR INDEX ix ON {ds}.{table}")


@documented(
    "Vector index", "A dry run checks the statement and makes no index", REST + "Job#JobConfiguration"
)
def test_a_dry_run_checks_and_changes_nothing(table):
    table.fill(4_999, 2)
    with pytest.raises(BadRequest, match="Total rows 4999"):
        table.ask(CREATE, dry_run=True)
    table.fill(1, 2, first=4_999)
    table.ask(CREATE, dry_run=True)
    assert table.ask(STATE) == []
    table.ask(CREATE)
    table.ask("DROP VECTOR INDEX ix ON {ds}.{table}", dry_run=True)
    assert len(table.ask(STATE)) == 1


def test_a_table_deleted_by_the_api_takes_its_index_along(table):
    for _ in range(2):
        table.fill(5_000, 2)
        assert table.ask(STATE) == []
        table.ask(CREATE)
        table.client.delete_table(f"{table.ds}.t")


IVF = "ON {ds}.{table}(embedding) OPTIONS(index_type = 'IVF', "
REFUSED = {
    "ON {ds}.{table}(kind) OPTIONS(index_type = 'IVF')": "Vector index is not supported on column: 'kind'",
    "ON {ds}.{table}(nope) OPTIONS(index_type = 'IVF')": "Unrecognized name: nope",
    "ON {ds}.{table}(LOWER(kind)) OPTIONS(index_type = 'IVF')": "does not yet support expressions",
    "ON {ds}.{table}(embedding)": "needs OPTIONS(index_type = 'IVF')",
    "ON {ds}.{table}(embedding) OPTIONS(index_type = 'HNSW')": "needs OPTIONS(index_type = 'IVF')",
    IVF + "distance_type = 'L1')": "distance_type must be one of",
    IVF + "tree_ah_options = '{}')": "tree_ah_options can only",
    IVF.replace("IVF", "TREE_AH") + "ivf_options = '{}')": "ivf_options can only",
    IVF.replace("IVF", "TREE_AH")
    + """tree_ah_options = '{"leaf_node_embedding_count": 499}')""": "at least 500",
    IVF + """ivf_options = '{"num_lists": 5001}')""": "num_lists must be",
    IVF + """ivf_options = '{"lists": 1}')""": "Unknown key 'lists'",
    IVF + "ivf_options = '{')": "must be a JSON string",
    IVF + "lists = 1)": "Unknown option of CREATE VECTOR INDEX: lists",
    IVF.replace("OPTIONS", "STORING(kind, kind) OPTIONS")
    + "distance_type = 'COSINE')": "Column kind found multiple",
    IVF.replace("OPTIONS", "STORING(Embedding) OPTIONS")
    + "distance_type = 'COSINE')": "Column embedding found multiple times",
    IVF.replace("OPTIONS", "STORING(ranges) OPTIONS") + "distance_type = 'COSINE')": "RANGE cannot be stored",
    IVF.replace("IVF", "TREE_AH") + """tree_ah_options = '{"normalization_type": "L1"}')""": "NONE or L2",
    IVF.replace("IVF", "TREE_AH") + """tree_ah_options = '{"normalization_type": "L2"}')""": "not emulated",
    IVF + "ivf_options = NULL)": "ivf_options of CREATE VECTOR INDEX must not be NULL",
    IVF + "distance_type = NULL)": "distance_type of CREATE VECTOR INDEX must not be NULL",
    IVF + "index_type = 'IVF')": "Duplicate option specified: index_type",
    IVF + """ivf_options = '{"num_lists": true}')""": "num_lists must be",
    IVF + """ivf_options = '{"num_lists": 0}')""": "num_lists must be",
    IVF.replace("OPTIONS", "STORING(nope) OPTIONS") + "distance_type = 'COSINE')": "Unrecognized name: nope",
    IVF.replace("OPTIONS", "PARTITION BY n OPTIONS")
    + "distance_type = 'COSINE')": "not emulated: PARTITION BY",
    IVF + "lexical_search_columns = ['kind'])": "not emulated: hybrid search",
}


@pytest.mark.parametrize("statement", REFUSED)
def test_bad_definitions_are_refused(unindexed, statement):
    with pytest.raises(BadRequest) as failure:
        unindexed.ask("CREATE VECTOR INDEX ix " + statement)
    assert REFUSED[statement] in str(failure.value)
    assert unindexed.ask(STATE) == []


@pytest.mark.parametrize("bad", ["[]", "[1.0]", "NULL"])
def test_uneven_vectors_cannot_be_indexed(
    table, bad
):  # ours: whether BigQuery refuses at CREATE is not known
    table.fill(5_000, 2)
    table.ask(f"INSERT INTO {{ds}}.{{table}} (n, kind, embedding) VALUES (-1, 'x', {bad})")
    with pytest.raises(BadRequest, match="Column embedding cannot be indexed"):
        table.ask(CREATE)


def test_the_index_goes_when_its_table_is_replaced(table):  # inferred: no page says so
    table.fill(5_000, 2)
    table.ask(CREATE)
    table.ask(
        "CREATE OR REPLACE TABLE {ds}.{table} AS SELECT n, kind, [1.0, 2.0] AS embedding FROM {ds}.{table}"
    )
    assert table.ask(STATE) == []
    assert table.ask("SELECT index_name FROM {ds}.INFORMATION_SCHEMA.VECTOR_INDEXES") == []


def test_the_catalog_knows_statement_and_size(shared):
    [(ddl, size, created, built, refreshed)] = shared.ask(
        "SELECT ddl, total_logical_bytes, creation_time, last_model_build_time, last_refresh_time "
        "FROM {ds}.INFORMATION_SCHEMA.VECTOR_INDEXES WHERE table_name = 't'"
    )
    assert ddl == (
        f"CREATE VECTOR INDEX `ix` ON `demo-project.{shared.ds}.t`(embedding)\n"
        "OPTIONS (distance_type = 'COSINE', index_type = 'IVF')"
    )
    assert size == ROWS * DIMENSION * 8
    assert created <= built <= refreshed


@pytest.mark.parametrize(
    "name",
    [
        "{ds}.INFORMATION_SCHEMA.VECTOR_INDEXES",
        "`demo-project`.{ds}.INFORMATION_SCHEMA.VECTOR_INDEXES",
        "demo-project.{ds}.INFORMATION_SCHEMA.VECTOR_INDEXES",
        "`demo-project.{ds}.INFORMATION_SCHEMA.VECTOR_INDEXES`",
        "`demo-project.{ds}`.INFORMATION_SCHEMA.VECTOR_INDEXES",
        "`demo-project`.`{ds}`.INFORMATION_SCHEMA.VECTOR_INDEXES",
        "{ds}.information_schema.vector_indexes",
    ],
)
def test_information_schema_in_every_spelling(shared, name):
    assert shared.ask(f"SELECT index_name FROM {name}") == [("ix",)]


def test_information_schema_needs_a_dataset(shared):
    with pytest.raises(BadRequest, match="need a dataset"):
        shared.ask("SELECT * FROM INFORMATION_SCHEMA.VECTOR_INDEXES")
    with pytest.raises(NotFound, match="Dataset"):
        shared.ask("SELECT * FROM nowhere.INFORMATION_SCHEMA.VECTOR_INDEXES")


def test_the_index_survives_a_restart_and_a_kill(own_emulator):
    own_emulator.faults(index_build_seconds=0)
    table = Indexed(own_emulator, "ds")
    table.ask("CREATE SCHEMA ds")
    table.fill()
    table.ask(CREATE)
    table.wait_full()
    before, found = table.state(), table.ask(SEARCH % "")
    own_emulator.restart(signal.SIGKILL)
    assert table.state() == before
    assert table.usage(SEARCH % "") == {"indexUsageMode": "FULLY_USED"}
    assert table.ask(SEARCH % "") == found
    own_emulator.faults(background_reservation=True, index_build_seconds=600)
    table.ask("ALTER VECTOR INDEX ix ON {ds}.{table} REBUILD")
    own_emulator.stop(signal.SIGKILL)
    [file] = (own_emulator.data / "bigquery" / "vector_indexes").iterdir()
    file.write_bytes(b"damaged")
    own_emulator.start()
    info = "SELECT last_index_alteration_info.status FROM {ds}.INFORMATION_SCHEMA.VECTOR_INDEXES"
    assert table.ask(info) == [("IN_PROGRESS",)]
    wait_until(lambda: table.ask(info) == [(None,)])
    table.wait_full()
    assert table.ask(SEARCH % "") == found
    for _ in range(4):  # BQ/quotas: 10 such statements a day and table, the first one before the kills
        table.ask("DROP VECTOR INDEX ix ON {ds}.{table}")
        table.ask(CREATE)
    table.ask("DROP VECTOR INDEX ix ON {ds}.{table}")
    with pytest.raises(Forbidden, match="Your table exceeded quota"):
        table.ask(CREATE)
