"""A search by index finds what the table holds now, though it reads lists and copies of how it was."""

import signal

import pytest
from emulator_process import wait_until
from vector_data import load, vectors
from vector_table import CREATE, DIMENSION, SEARCH, Indexed

ALL_LISTS = """, top_k => 50, distance_type => 'COSINE', options => '{"fraction_lists_to_search": 0.999}'"""
EXACT = """, top_k => 50, distance_type => 'COSINE', options => '{"use_brute_force": true}'"""
QUESTION = SEARCH.replace("SELECT embedding FROM {ds}.{table} WHERE n = 7", "SELECT embedding FROM {ds}.q")


@pytest.fixture
def table(own_emulator):
    """A table whose index is full and gets no further rows; ds.q holds the vector of its row 7."""
    own_emulator.faults(index_build_seconds=0)
    table = Indexed(own_emulator, "ds")
    table.ask("CREATE SCHEMA ds")
    table.fill(8_000)
    table.ask("CREATE TABLE {ds}.q AS SELECT embedding FROM {ds}.{table} WHERE n = 7")
    table.ask(CREATE)
    table.wait_full()
    own_emulator.faults(index_build_seconds=600)
    assert table.ask(QUESTION % ALL_LISTS)[0] == (7, 0.0)
    return table


def check(table: Indexed, first: list[int]):
    """Both ways find the same, bit by bit, and these rows first."""
    found, exact = (
        sorted(table.ask(QUESTION % how), key=lambda row: row[::-1]) for how in (ALL_LISTS, EXACT)
    )
    assert found == exact
    assert [n for n, distance in found if distance == 0.0] == first


def test_changed_deleted_and_new_rows(table):
    table.ask("UPDATE {ds}.{table} SET embedding = ARRAY(SELECT -x FROM UNNEST(embedding) AS x) WHERE n = 7")
    check(table, [])
    table.ask("UPDATE {ds}.{table} SET embedding = (SELECT embedding FROM {ds}.q) WHERE n IN (3, 5000)")
    check(table, [3, 5000])
    table.ask("UPDATE {ds}.{table} SET kind = 'new' WHERE n < 100")
    check(table, [3, 5000])
    table.ask("DELETE FROM {ds}.{table} WHERE n = 3")
    check(table, [5000])
    table.ask("INSERT INTO {ds}.{table} (n, embedding) SELECT 9000, embedding FROM {ds}.q")
    check(table, [5000, 9000])
    [vector] = table.ask("SELECT embedding FROM {ds}.q")
    assert table.client.insert_rows_json("ds.t", [{"n": 9001, "embedding": vector[0]}]) == []
    check(table, [5000, 9000, 9001])


def test_rows_that_duckdb_numbers_anew(table):
    """It does so in a checkpoint, which comes at the latest when the process ends."""
    table.ask("DELETE FROM {ds}.{table} WHERE n < 2500 AND n != 7")
    table.emulator.restart(signal.SIGTERM)
    assert table.usage(QUESTION % ALL_LISTS)["indexUsageMode"] == "FULLY_USED"
    check(table, [7])
    table.ask("INSERT INTO {ds}.{table} (n, embedding) SELECT 9000, embedding FROM {ds}.q")
    check(table, [7, 9000])


def test_a_table_filled_anew_with_as_many_rows(table):
    load(table.client, "ds.fresh", vectors(8_000, DIMENSION, seed=99))
    table.ask("TRUNCATE TABLE {ds}.{table}")
    table.ask("INSERT INTO {ds}.{table} (n, embedding) SELECT n, embedding FROM {ds}.fresh")
    check(table, [])


def test_within_a_transaction(table):
    found = table.client.query_and_wait(
        """BEGIN TRANSACTION;
        INSERT INTO ds.t (n, embedding) SELECT 9000, embedding FROM ds.q;
        DELETE FROM ds.t WHERE n = 7;
        CREATE TEMP TABLE found AS """
        + (QUESTION % ALL_LISTS).replace("{ds}.{table}", "ds.t").replace("{ds}", "ds")
        + "; COMMIT TRANSACTION; SELECT n FROM found WHERE distance = 0"
    )
    assert [tuple(row) for row in found] == [(9000,)]


MANY = """
    SELECT query.n AS query, base.n, distance
    FROM VECTOR_SEARCH((SELECT * FROM ds.t WHERE kind = 'k1'), 'embedding',
    (SELECT n, embedding FROM ds.t WHERE n < 2500), top_k => 3,
    distance_type => '{kind}', options => '{options}')"""
LISTS, BRUTE_FORCE = '{"fraction_lists_to_search": 0.999}', '{"use_brute_force": true}'


def test_many_vectors_at_once_among_rows_that_a_transaction_has_changed(table):
    """The filter comes first, as the index stores its column."""
    table.ask(
        "CREATE OR REPLACE VECTOR INDEX ix ON {ds}.{table}(embedding) STORING(kind) "
        "OPTIONS(index_type = 'IVF', distance_type = 'COSINE')"
    )
    table.emulator.faults(index_build_seconds=0)
    table.wait_full()
    changes = """
        DELETE FROM ds.t WHERE MOD(n, 3) = 0;
        INSERT INTO ds.t (n, kind, embedding) SELECT 9000, 'k1', embedding FROM ds.q"""
    differences = """
        SELECT AS STRUCT (SELECT COUNT(*) FROM exact), (SELECT COUNT(*) FROM found),
        (SELECT COUNT(*) FROM (SELECT * FROM found EXCEPT DISTINCT SELECT * FROM exact))"""
    for kind in ("COSINE", "EUCLIDEAN", "DOT_PRODUCT"):
        found, exact = (MANY.format(kind=kind, options=options) for options in (LISTS, BRUTE_FORCE))
        assert table.usage(found)["indexUsageMode"] == "FULLY_USED"
        [row] = table.client.query_and_wait(
            f"DECLARE a, b, c INT64; BEGIN TRANSACTION; {changes}; "
            f"CREATE TEMP TABLE found AS {found}; CREATE TEMP TABLE exact AS {exact}; "
            f"SET (a, b, c) = ({differences}); ROLLBACK; SELECT a, b, c"
        )
        assert tuple(row) == (3 * 1666, 3 * 1666, 0)


@pytest.mark.parametrize("damaged", ["*.vectors", "*.hashes"])
def test_copies_that_are_damaged(table, damaged):
    table.emulator.stop(signal.SIGKILL)
    folder = table.emulator.data / "bigquery" / "vector_copies"
    [path], [vectors] = folder.glob(damaged), folder.glob("*.vectors")
    path.write_bytes(b"damaged")
    table.emulator.start()
    check(table, [7])
    wait_until(lambda: vectors.stat().st_size == 8_000 * DIMENSION * 8)  # they were made again
    check(table, [7])


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT s.base.n, ARRAY_LENGTH(s.base.embedding) FROM {search} AS s", (7, DIMENSION)),
        ("SELECT base.n, ARRAY_LENGTH(base.embedding) FROM {search}", (7, DIMENSION)),
        ("SELECT n, ARRAY_LENGTH(embedding) FROM (SELECT base.* FROM {search})", (7, DIMENSION)),
        ("SELECT base.n, ARRAY_LENGTH(base.embedding) FROM (SELECT * FROM {search})", (7, DIMENSION)),
        ("SELECT base.n, STRPOS(TO_JSON_STRING(s), 'null') FROM {search} AS s", (7, 0)),
        ("SELECT base.n, 1 FROM {search} WHERE ARRAY_LENGTH(base.embedding) > 0", (7, 1)),
    ],
)
def test_the_vector_of_what_is_found_is_there_when_it_is_asked_for(shared, sql, expected):
    search = (
        "VECTOR_SEARCH(TABLE {ds}.{table}, 'embedding', "
        "query_value => (SELECT embedding FROM {ds}.{table} WHERE n = 7), top_k => 1)"
    )
    assert shared.ask(sql.format(search=search, ds="{ds}", table="{table}")) == [expected]


@pytest.fixture(scope="module")
def shared(emulator):
    """A small table without an index."""
    shared = Indexed(emulator, "found_vectors")
    shared.ask("CREATE SCHEMA {ds}")
    shared.fill(20)
    yield shared
    shared.ask("DROP SCHEMA {ds} CASCADE")
