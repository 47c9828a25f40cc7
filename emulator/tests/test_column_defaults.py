"""Defaults of columns: what a row has where nothing is written."""

import io

import pytest
from documented import DDL, DOCS, documented, not_emulated
from google.api_core.exceptions import BadRequest, GoogleAPICallError
from google.cloud.bigquery import CopyJobConfig, LoadJobConfig, QueryJobConfig, SchemaField, Table
from local_bigquery.models import Table as TableResource
from local_bigquery.sql.rules import information_schema

from bqml_emulator.sql import column_defaults

DEFAULTS = DOCS + "default-values"
READ = "2026-11-27"
COLUMNS = "(a STRING, b STRING DEFAULT 'hello', c INT64 DEFAULT 1, l ARRAY<INT64>)"


@pytest.fixture
def table(bigquery, dataset) -> str:
    """A table with defaults, and none of its rows."""
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t {COLUMNS}")
    return f"{dataset}.t"


def rows(bigquery, table: str) -> list[tuple]:
    return sorted(tuple(row.values()) for row in bigquery.query_and_wait(f"SELECT * FROM {table}"))


def texts(bigquery, table: str) -> dict[str, str]:
    schema = bigquery.get_table(table).schema
    return {f.name: f.default_value_expression for f in schema if f.default_value_expression}


@documented(
    "Changes of tables", "A column that INSERT leaves out, or gives DEFAULT, has its default", DEFAULTS, READ
)
def test_insert(bigquery, table):
    bigquery.query_and_wait(f"INSERT {table} (a) VALUES ('one'), ('two')")
    bigquery.query_and_wait(f"INSERT {table} (a, b, l) VALUES ('three', DEFAULT, DEFAULT)")
    bigquery.query_and_wait(f"INSERT {table} VALUES ('four', NULL, DEFAULT, [1])")
    bigquery.query_and_wait(f"INSERT {table} (a) SELECT 'five'")
    assert rows(bigquery, table) == [
        ("five", "hello", 1, []),
        ("four", None, 1, [1]),
        ("one", "hello", 1, []),
        ("three", "hello", 1, []),
        ("two", "hello", 1, []),
    ]


@documented(
    "Changes of tables", "UPDATE … SET x = DEFAULT, also in MERGE, writes the default", DEFAULTS, READ
)
def test_update_and_merge(bigquery, table):
    bigquery.query_and_wait(f"INSERT {table} VALUES ('one', 'own', 7, [1]), ('two', 'own', 7, [2])")
    bigquery.query_and_wait(f"UPDATE {table} AS t SET t.b = DEFAULT, l = DEFAULT WHERE a = 'one'")
    assert rows(bigquery, table) == [("one", "hello", 7, []), ("two", "own", 7, [2])]
    bigquery.query_and_wait(
        f"""MERGE {table} t USING (SELECT 'two' AS k UNION ALL SELECT 'three') s ON t.a = s.k
        WHEN MATCHED THEN UPDATE SET b = DEFAULT, c = DEFAULT
        WHEN NOT MATCHED THEN INSERT (a, c, l) VALUES (k, DEFAULT, DEFAULT)"""
    )
    assert rows(bigquery, table) == [
        ("one", "hello", 7, []),
        ("three", "hello", 1, []),
        ("two", "hello", 1, [2]),
    ]
    bigquery.query_and_wait(
        f"""MERGE {table} t USING (SELECT 'one' AS k UNION ALL SELECT 'four') s ON t.a = s.k
        WHEN NOT MATCHED BY SOURCE THEN UPDATE SET b = DEFAULT
        WHEN NOT MATCHED THEN INSERT VALUES (k, 'mine', DEFAULT, [4])"""
    )
    assert ("four", "mine", 1, [4]) in rows(bigquery, table)


def test_a_column_may_be_called_default(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t (`default` INT64, x INT64 DEFAULT 5)")
    bigquery.query_and_wait(f"INSERT {dataset}.t VALUES (1, 2)")
    bigquery.query_and_wait(f"UPDATE {dataset}.t SET x = `default` WHERE TRUE")
    assert rows(bigquery, f"{dataset}.t") == [(1, 1)]


def test_temporary_tables(bigquery):
    script = """CREATE TEMP TABLE t (a INT64, b INT64 DEFAULT 5); INSERT t (a) VALUES (1);
    INSERT t VALUES (2, 0); UPDATE t SET b = DEFAULT WHERE a = 2; SELECT b FROM t"""
    assert [row.b for row in bigquery.query_and_wait(script)] == [5, 5]


@documented("Changes of tables", "ALTER COLUMN … SET DEFAULT, DROP DEFAULT, for rows to come", DDL, READ)
def test_alter(bigquery, table):
    bigquery.query_and_wait(f"INSERT {table} (a) VALUES ('before')")
    bigquery.query_and_wait(f"ALTER TABLE {table} ALTER COLUMN b SET DEFAULT 'bye'")
    bigquery.query_and_wait(f"ALTER TABLE {table} ALTER COLUMN c DROP DEFAULT")
    bigquery.query_and_wait(f"INSERT {table} (a) VALUES ('later')")
    assert rows(bigquery, table) == [("before", "hello", 1, []), ("later", "bye", None, [])]
    assert texts(bigquery, table) == {"b": "'bye'"}
    bigquery.query_and_wait(f"ALTER TABLE {table} RENAME COLUMN b TO d")
    assert texts(bigquery, table) == {"d": "'bye'"}
    bigquery.query_and_wait(f"ALTER TABLE {table} DROP COLUMN d")
    bigquery.query_and_wait(f"ALTER TABLE {table} ADD COLUMN d STRING")
    assert texts(bigquery, table) == {}


@documented(
    "Changes of tables",
    "`column_default` of INFORMATION_SCHEMA.COLUMNS",
    DOCS + "information-schema-columns",
    READ,
)
def test_what_is_told_of_defaults(bigquery, dataset):
    bigquery.query_and_wait(
        f"""CREATE TABLE {dataset}.t (a STRING, ts TIMESTAMP DEFAULT CURRENT_TIMESTAMP(),
        d DATE DEFAULT DATE '2024-01-01' NOT NULL OPTIONS (description = 'day'))"""
    )
    assert texts(bigquery, f"{dataset}.t") == {"ts": "CURRENT_TIMESTAMP()", "d": "DATE '2024-01-01'"}
    view = f"{dataset}.INFORMATION_SCHEMA.COLUMNS"
    found = bigquery.query_and_wait(
        f"SELECT column_name, column_default FROM {view} ORDER BY ordinal_position"
    )
    assert [tuple(row.values()) for row in found] == [
        ("a", None),
        ("ts", "CURRENT_TIMESTAMP()"),
        ("d", "DATE '2024-01-01'"),
    ]


def test_columns_while_another_job_adds_one(monkeypatch):
    fields = [{"name": "a", "type": "STRING", "defaultValueExpression": "'hi'"}, {"name": "new"}]
    reference = {"projectId": "p", "datasetId": "d", "tableId": "t"}
    table = TableResource(tableReference=reference, schema={"fields": fields})
    monkeypatch.setattr(information_schema, "_tables", lambda *_: [table])
    columns = column_defaults._columns_with_texts(lambda *_: (["column_name"], [["p", "d", "t", "a", 1]]))
    assert columns("p", "d") == (["column_name", "column_default"], [["p", "d", "t", "a", 1, "'hi'"]])


@documented(
    "Changes of tables",
    "A default is a literal or one of eight functions, also in STRUCTs and arrays",
    DEFAULTS,
    READ,
)
def test_expressions(bigquery, dataset):
    bigquery.query_and_wait(
        f"""CREATE TABLE {dataset}.t (a INT64,
        s STRUCT<x STRUCT<x1 TIMESTAMP, x2 NUMERIC>, y ARRAY<DATE>>
            DEFAULT ((CURRENT_TIMESTAMP(), NULL), [DATE '2022-01-01', CURRENT_DATE()]),
        d DATE DEFAULT CURRENT_DATE, dt DATETIME DEFAULT CURRENT_DATETIME(), t TIME DEFAULT CURRENT_TIME(),
        u STRING DEFAULT GENERATE_UUID(), r FLOAT64 DEFAULT RAND(), w STRING DEFAULT SESSION_USER(),
        n NUMERIC DEFAULT -2, j JSON DEFAULT JSON '{{"a": 1}}', y BYTES DEFAULT b'ab', f FLOAT64 DEFAULT 1)"""
    )
    bigquery.query_and_wait(f"INSERT {dataset}.t (a) VALUES (1), (2)")
    first, second = bigquery.query_and_wait(f"SELECT * FROM {dataset}.t ORDER BY a")
    assert first.u != second.u
    assert first.s["x"]["x2"] is None
    assert len(first.s["y"]) == 2
    assert (first.n, first.j, first.y, first.f) == (-2, {"a": 1}, b"ab", 1.0)


REFUSED = {
    "INT64 DEFAULT 'x'": "has type STRING which cannot be assigned",
    "INT64 DEFAULT 1 + 1": "must be a literal or",
    "STRING DEFAULT UPPER('x')": "must be a literal or",
    "INT64 DEFAULT (SELECT 1)": "must not include a subquery",
    "INT64 DEFAULT a": "cannot reference columns",
    "ARRAY<INT64> DEFAULT NULL": "NULL",
    "ARRAY<INT64> DEFAULT [1, NULL]": "NULL",
    "INT64 DEFAULT NULL NOT NULL": "REQUIRED",
    "STRING(2) DEFAULT 'xxx'": "maximum length",
    "STRUCT<x INT64 DEFAULT 1>": "Syntax error",
}


@pytest.mark.parametrize("definition", REFUSED)
def test_refused(bigquery, dataset, definition):
    with pytest.raises(BadRequest, match=REFUSED[definition]):
        bigquery.query_and_wait(f"CREATE TABLE {dataset}.t (a INT64, x {definition})")
    assert not list(bigquery.list_tables(dataset))


def test_a_refused_change_changes_nothing(bigquery, table):
    for default in ("1 + 1", "'word'"):
        with pytest.raises(BadRequest):
            bigquery.query_and_wait(f"ALTER TABLE {table} ALTER COLUMN c SET DEFAULT {default}")
    with pytest.raises(BadRequest):
        bigquery.query_and_wait(f"ALTER TABLE {table} ALTER COLUMN l SET DEFAULT NULL")
    assert texts(bigquery, table) == {"b": "'hello'", "c": "1"}


@not_emulated(
    "Changes of tables",
    "ADD COLUMN … DEFAULT: the column is added without, then `ALTER COLUMN … SET DEFAULT`",
    DDL,
    READ,
)
def test_a_new_column_has_none(bigquery, table):
    with pytest.raises(BadRequest, match="SET DEFAULT"):
        bigquery.query_and_wait(f"ALTER TABLE {table} ADD COLUMN n INT64 DEFAULT 3")
    found = bigquery.get_table(table)
    found.schema = [*found.schema, SchemaField("n", "INTEGER", default_value_expression="3")]
    with pytest.raises(BadRequest, match="SET DEFAULT"):
        bigquery.update_table(found, ["schema"])
    assert "n" not in [field.name for field in bigquery.get_table(table).schema]


# --- the REST API -------------------------------------------------------------------------------------

SCHEMA = [
    SchemaField("a", "INTEGER"),
    SchemaField("b", "STRING", "REQUIRED", default_value_expression="'hi'"),
    SchemaField("ts", "TIMESTAMP", default_value_expression="CURRENT_TIMESTAMP()"),
    SchemaField("l", "INTEGER", "REPEATED"),
]


def made(bigquery, name: str, schema=SCHEMA) -> Table:
    return bigquery.create_table(Table(f"{bigquery.project}.{name}", schema=schema))


@documented(
    "Changes of tables",
    "`defaultValueExpression` of tables.insert, get and patch",
    DOCS + "default-values",
    READ,
)
def test_schemas(bigquery, dataset):
    table = made(bigquery, f"{dataset}.t")
    assert table.schema == SCHEMA
    bigquery.query_and_wait(f"INSERT {dataset}.t (a) VALUES (1)")
    table.schema = [
        SchemaField("a", "INTEGER", default_value_expression="7"),
        SchemaField("b", "STRING", "REQUIRED"),
        *table.schema[2:],
    ]
    bigquery.update_table(table, ["schema"])
    assert texts(bigquery, f"{dataset}.t") == {"a": "7", "ts": "CURRENT_TIMESTAMP()"}
    bigquery.query_and_wait(f"INSERT {dataset}.t (b) VALUES ('own')")
    found = bigquery.query_and_wait(f"SELECT a, b, ts IS NULL AS missing FROM {dataset}.t ORDER BY a")
    assert [tuple(row.values()) for row in found] == [(1, "hi", False), (7, "own", False)]


@pytest.mark.parametrize(
    "field",
    [
        SchemaField("x", "INTEGER", default_value_expression="'word'"),
        SchemaField("x", "INTEGER", default_value_expression="1 + 1"),
        SchemaField("x", "INTEGER", default_value_expression="1) , (y INT64"),
        SchemaField("x", "INTEGER", default_value_expression="nonsense"),
        SchemaField("x", "INTEGER", "REPEATED", default_value_expression="NULL"),
        SchemaField("x", "INTEGER", "REQUIRED", default_value_expression="NULL"),
        SchemaField("x", "RECORD", fields=[SchemaField("y", "INTEGER", default_value_expression="1")]),
    ],
)
def test_refused_schemas(bigquery, dataset, field):
    with pytest.raises(BadRequest):
        made(bigquery, f"{dataset}.t", [field])
    assert not list(bigquery.list_tables(dataset))
    table = made(
        bigquery,
        f"{dataset}.t",
        [
            SchemaField(
                "x",
                field.field_type,
                field.mode,
                fields=[SchemaField("y", "INTEGER")] if field.fields else [],
            )
        ],
    )
    table.schema = [field]
    with pytest.raises(BadRequest):
        bigquery.update_table(table, ["schema"])
    assert texts(bigquery, f"{dataset}.t") == {}


@documented("Changes of tables", "insertAll fills in defaults row by row", DEFAULTS, READ)
def test_streamed_rows(bigquery, dataset):
    made(bigquery, f"{dataset}.t")
    sent = [{"a": 1}, {"a": 2, "b": "own"}, {"a": 3, "b": "own", "ts": None}, {}]
    assert bigquery.insert_rows_json(f"{dataset}.t", sent) == []
    found = bigquery.query_and_wait(f"SELECT a, b, ts IS NULL, l FROM {dataset}.t ORDER BY a")
    assert [tuple(row.values()) for row in found] == [
        (None, "hi", False, []),
        (1, "hi", False, []),
        (2, "own", False, []),
        (3, "own", True, []),
    ]
    [error] = bigquery.insert_rows_json(f"{dataset}.t", [{"a": 4, "b": None}])
    assert error["errors"][0]["message"] == "Missing required field: b."


def test_a_streamed_row_that_is_wrong_leaves_the_others(bigquery, dataset):
    made(bigquery, f"{dataset}.t")
    bigquery.query_and_wait(f"ALTER TABLE {dataset}.t ADD COLUMN raw BYTES")
    sent = [{"a": 1}, {"a": 2, "raw": "?"}, {"a": 3, "b": None}, {"a": 4, "b": "own"}]
    errors = bigquery.insert_rows_json(f"{dataset}.t", sent, skip_invalid_rows=True)
    assert [error["index"] for error in errors] == [1, 2]
    assert errors[1]["errors"][0]["message"] == "Missing required field: b."
    found = bigquery.query_and_wait(f"SELECT a FROM {dataset}.t ORDER BY a")
    assert [row.a for row in found] == [1, 4]
    [error] = bigquery.insert_rows_json(f"{dataset}.t", [{"a": 5, "b": None}], skip_invalid_rows=True)
    assert error["index"] == 0


def test_rows_without_fields(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t (a INT64, b STRING)")
    assert bigquery.insert_rows_json(f"{dataset}.t", [{}, {}]) == []
    assert bigquery.get_table(f"{dataset}.t").num_rows == 2


def test_a_renamed_column_keeps_its_description(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t (x INT64 OPTIONS (description = 'key'))")
    bigquery.query_and_wait(f"ALTER TABLE {dataset}.t RENAME COLUMN x TO y")
    assert [(f.name, f.description) for f in bigquery.get_table(f"{dataset}.t").schema] == [("y", "key")]


def load(bigquery, table: str, rows: str, schema=None, **config):
    options = LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON", schema=schema, **config)
    return bigquery.load_table_from_file(io.StringIO(rows), table, job_config=options).result()


@documented(
    "Changes of tables",
    "A load job fills in defaults of the columns that its schema lacks, not of values that its rows lack",
    "https://github.com/googleapis/python-bigquery/issues/1495",
    READ,
)
def test_loaded_rows(bigquery, dataset):
    made(bigquery, f"{dataset}.t", [*SCHEMA[:1], SCHEMA[2]])
    load(bigquery, f"{dataset}.t", '{"a": 1}\n', SCHEMA[:1])
    load(bigquery, f"{dataset}.t", '{"a": 2}\n', [SCHEMA[0], SCHEMA[2]])
    load(bigquery, f"{dataset}.t", '{"a": 3}\n')
    found = bigquery.query_and_wait(f"SELECT a, ts IS NULL FROM {dataset}.t ORDER BY a")
    assert [tuple(row.values()) for row in found] == [(1, False), (2, True), (3, False)]


def test_a_table_that_a_load_makes_has_its_schemas_defaults(bigquery, dataset):
    load(bigquery, f"{dataset}.t", '{"a": 1, "b": "x"}\n', SCHEMA[:2])
    bigquery.query_and_wait(f"INSERT {dataset}.t (a) VALUES (2)")
    assert rows(bigquery, f"{dataset}.t") == [(1, "x"), (2, "hi")]
    assert texts(bigquery, f"{dataset}.t") == {"b": "'hi'"}
    load(
        bigquery,
        f"{dataset}.t",
        '{"a": 1, "b": "x"}\n',
        [SCHEMA[0], SchemaField("b", "STRING")],
        write_disposition="WRITE_TRUNCATE",
    )
    assert texts(bigquery, f"{dataset}.t") == {}
    wrong = [SCHEMA[0], SchemaField("b", "STRING", default_value_expression="1 + 1")]
    with pytest.raises(GoogleAPICallError):
        load(bigquery, f"{dataset}.u", '{"a": 1, "b": "x"}\n', wrong)
    assert [t.table_id for t in bigquery.list_tables(dataset)] == ["t"]


def test_results_of_queries(bigquery, table, dataset):
    config = QueryJobConfig(destination=f"{bigquery.project}.{table}", write_disposition="WRITE_APPEND")
    bigquery.query("SELECT 'appended' AS a", config).result()
    assert rows(bigquery, table) == [("appended", "hello", 1, [])]
    config.write_disposition = "WRITE_TRUNCATE"
    bigquery.query("SELECT 'new' AS a, 'b' AS b", config).result()
    assert texts(bigquery, table) == {}


def test_copies_have_the_defaults_of_their_source(bigquery, table, dataset):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.alike LIKE {table}")
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.cloned CLONE {table}")
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.copied COPY {table}")
    bigquery.copy_table(table, f"{dataset}.job", job_config=CopyJobConfig()).result()
    for name in ("alike", "cloned", "copied", "job"):
        bigquery.query_and_wait(f"INSERT {dataset}.{name} (a) VALUES ('one')")
        assert rows(bigquery, f"{dataset}.{name}") == [("one", "hello", 1, [])], name
        assert texts(bigquery, f"{dataset}.{name}") == {"b": "'hello'", "c": "1"}, name


def test_a_table_made_from_a_query(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t (a INT64, b STRING DEFAULT 'q') AS SELECT 1, 'x'")
    bigquery.query_and_wait(f"INSERT {dataset}.t (a) VALUES (2)")
    assert rows(bigquery, f"{dataset}.t") == [(1, "x"), (2, "q")]
    assert texts(bigquery, f"{dataset}.t") == {"b": "'q'"}


def test_a_restart_keeps_them(own_emulator):
    bigquery = own_emulator.bigquery()
    bigquery.query_and_wait("CREATE SCHEMA d")
    bigquery.query_and_wait(
        "CREATE TABLE d.t (a INT64, u STRING DEFAULT GENERATE_UUID(), w STRING DEFAULT SESSION_USER())"
    )
    own_emulator.restart()
    bigquery.query_and_wait("INSERT d.t (a) VALUES (1)")
    [row] = bigquery.query_and_wait("SELECT * FROM d.t")
    assert len(row.u) == 36
    assert row.w
