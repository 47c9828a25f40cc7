"""INSERT, UPDATE, DELETE and MERGE as the pipeline relies on them."""

import pytest
from documented import DML, SQL, TYPES, documented
from google.api_core.exceptions import BadRequest

SECTION = "Changes of tables"
DML_SYNTAX = SQL + "dml-syntax"
MERGE = "MERGE {t} AS t USING ({source}) AS s ON t.x = s.x "


@pytest.fixture
def table(service, dataset) -> str:
    """A table (x INT64, v ARRAY<FLOAT64>) with one row."""
    service.ask(f"CREATE TABLE {dataset}.t (x INT64, v ARRAY<FLOAT64>)")
    service.ask(f"INSERT INTO {dataset}.t (x, v) VALUES (1, [1.0])")
    return f"{dataset}.t"


@pytest.fixture
def rows(service, table):
    """The rows of the table."""
    return lambda: service.ask(f"SELECT x, v FROM {table} ORDER BY x, ARRAY_LENGTH(v)")


@documented(SECTION, "UPDATE and DELETE need a WHERE clause", DML_SYNTAX)
@pytest.mark.parametrize("statement", ["UPDATE {t} SET x = 2", "DELETE FROM {t}"])
def test_where(service, table, statement):
    with pytest.raises(BadRequest, match="must have a WHERE clause"):
        service.ask(statement.format(t=table))


@documented(SECTION, "MERGE fails when two source rows match one target row", DML_SYNTAX)
def test_two_matches(service, table, rows):
    merge = MERGE.format(t=table, source="SELECT 1 AS x UNION ALL SELECT 1")
    expected = "UPDATE/MERGE must match at most one source row for each target row"
    with pytest.raises(BadRequest, match=expected):
        service.ask(f"{merge} WHEN MATCHED THEN UPDATE SET v = []")
    assert rows() == [(1, [1.0])]


@documented(SECTION, "An insert-only MERGE leaves matched rows as they are", DML_SYNTAX)
def test_insert_only(service, table, rows):
    merge = MERGE.format(t=table, source="SELECT x, [9.0] AS v FROM UNNEST([1, 2]) AS x")
    service.ask(f"{merge} WHEN NOT MATCHED THEN INSERT (x, v) VALUES (s.x, s.v)")
    assert rows() == [(1, [1.0]), (2, [9.0])]


@documented(
    SECTION, "MERGE sees the table as it was at the start: equal new keys are all inserted", DML_SYNTAX
)
def test_start_of_statement(service, table, rows):
    merge = MERGE.format(t=table, source="SELECT x, [2.0] AS v FROM UNNEST([2, 2]) AS x")
    service.ask(f"{merge} WHEN NOT MATCHED THEN INSERT ROW")
    assert rows() == [(1, [1.0]), (2, [2.0]), (2, [2.0])]


@documented(SECTION, "NULL keys never match in MERGE", DML_SYNTAX)
def test_null_keys(service, table):
    merge = MERGE.format(t=table, source="SELECT CAST(NULL AS INT64) AS x, [0.0] AS v")
    for _ in range(2):
        service.ask(f"{merge} WHEN NOT MATCHED THEN INSERT ROW")
    assert service.ask(f"SELECT COUNT(*) FROM {table} WHERE x IS NULL") == [(2,)]


@documented(SECTION, "`WHEN NOT MATCHED BY SOURCE` deletes what the source has not", DML_SYNTAX)
def test_not_matched_by_source(service, table, rows):
    service.ask(MERGE.format(t=table, source="SELECT 2 AS x") + "WHEN NOT MATCHED BY SOURCE THEN DELETE")
    assert rows() == []


@documented(SECTION, "The job counts rows inserted, updated and deleted", DML)
def test_counts(service, table):
    source = "SELECT x, [5.0] AS v FROM UNNEST([1, 2, 3]) AS x"
    found = service.statistics(
        MERGE.format(t=table, source=source)
        + "WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT ROW"
    )
    assert found["numDmlAffectedRows"] == "3"
    counts = {key: int(value) for key, value in found["dmlStats"].items()}
    assert (counts["insertedRowCount"], counts["updatedRowCount"], counts.get("deletedRowCount", 0)) == (
        2,
        1,
        0,
    )


@documented(SECTION, "A NULL array that is written is read as an empty array", TYPES + "#array_nulls")
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO {t} (x, v) VALUES (1, NULL)",
        "INSERT INTO {t} (x) VALUES (1)",
        "INSERT INTO {t} SELECT 1, CAST(NULL AS ARRAY<FLOAT64>)",
        "INSERT INTO {t} (v, x) SELECT NULL, 1",
        "INSERT INTO {t} (x, v) VALUES (1, [1.0]); UPDATE {t} SET v = NULL WHERE x = 1",
        "MERGE {t} AS t USING (SELECT 1 AS x) AS s ON t.x = s.x WHEN NOT MATCHED THEN INSERT (x) VALUES (x)",
        "MERGE {t} AS t USING (SELECT 1 AS x, CAST(NULL AS ARRAY<FLOAT64>) AS v) AS s ON t.x = s.x "
        "WHEN NOT MATCHED THEN INSERT ROW",
        "CREATE OR REPLACE TABLE {t} AS SELECT 1 AS x, CAST(NULL AS ARRAY<FLOAT64>) AS v",
        "CREATE OR REPLACE TABLE {t} (x INT64, v ARRAY<FLOAT64>) AS SELECT 1, NULL",
    ],
)
def test_null_arrays(service, dataset, statement):
    table = f"{dataset}.arrays"
    service.ask(f"CREATE TABLE {table} (x INT64, v ARRAY<FLOAT64>)")
    service.ask(statement.format(t=table))
    assert service.ask(f"SELECT x, v IS NULL, ARRAY_LENGTH(v), v FROM {table}") == [(1, False, 0, [])]


@documented(SECTION, "An array with a NULL element cannot be written", TYPES + "#array_nulls")
def test_null_elements(service, table, rows):
    with pytest.raises(BadRequest, match="cannot have a null element"):
        service.ask(f"INSERT INTO {table} (x, v) VALUES (2, [1.0, NULL])")
    assert rows() == [(1, [1.0])]
