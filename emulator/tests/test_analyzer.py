"""Google's analyzer in front of every statement: what it refuses, where, and the types of results."""

import pytest
from documented import SQL, documented
from emulator_process import EmulatorProcess
from google.api_core.exceptions import BadRequest, GoogleAPICallError, NotFound
from google.cloud.bigquery import ConnectionProperty, QueryJobConfig, ScalarQueryParameter
from zetasql.wasi._pb2.zetasql.local_service.local_service_pb2 import AnalyzeRequest

from bqml_emulator.analyzer import catalog, language, types

SECTION = "SQL"
READ = "2026-11-27"
TABLE = "CREATE TABLE {ds}.t (id STRING, n INT64, b BOOL, s STRING, v ARRAY<FLOAT64>, r STRUCT<a INT64>)"
REFUSED = {
    # names
    "SELECT nope FROM {ds}.t": "Unrecognized name: nope at [1:8]",
    "SELECT t.nope FROM {ds}.t": "Name nope not found inside t at [1:10]",
    "SELECT r.nope FROM {ds}.t": "Field name nope does not exist in STRUCT<a INT64> at [1:10]",
    "SELECT n + 1 AS m FROM {ds}.t WHERE m > 0": "Unrecognized name: m",
    "SELECT base.nope FROM VECTOR_SEARCH(TABLE {ds}.t, 'v', TABLE {ds}.t)": "Field name nope does not exist",
    "SELECT nope FROM {ds}.INFORMATION_SCHEMA.TABLES": "not emulated: or no column of an INFORMATION_SCHEMA",
    # DuckDB's syntax and functions
    "SELECT 'abc' ILIKE 'ABC'": "Syntax error: Expected end of input but got string literal 'ABC' at [1:20]",
    "COPY (SELECT 'x' AS a) TO '/tmp/copied.txt'": "Syntax error: Unexpected keyword COPY",
    "SELECT LIST(1)": "Function not found: LIST",
    "SELECT content FROM read_text('/etc/hostname')": "Table-valued function not found: read_text",
    "SELECT [x + 1 FOR x IN [1]]": "Syntax error",
    "SELECT 1::STRING": "Syntax error",
    "PRAGMA version": "Syntax error",
    # ZetaSQL's functions that BigQuery has not
    "SELECT ARRAY_FILTER([1], x -> x > 0)": "Function not found: ARRAY_FILTER",
    "SELECT ZEROIFNULL(1)": "Function not found: ZEROIFNULL",
    # BigQuery's that are missing here
    "SELECT CONTAINS_SUBSTR('a', 'a')": "not emulated: CONTAINS_SUBSTR",
    "SELECT ML.TRANSLATE('a')": "not emulated: ML.TRANSLATE",
    # DuckDB's own tables
    "SELECT * FROM sqlite_master": 'Table "sqlite_master" must be qualified with a dataset',
    "SELECT * FROM pg_catalog.pg_class": "Not found: Dataset demo-project:pg_catalog",
    "SELECT current_setting('x')": "Function not found: current_setting",
    # types
    "SELECT 'a' UNION ALL SELECT 1": "Column 1 in UNION ALL has incompatible types: STRING, INT64 at [1:22]",
    "SELECT n + s FROM {ds}.t": "No matching signature for operator +",
    "SELECT SUBSTR(1)": "No matching signature for function SUBSTR",
    "SELECT IF(n, 1, 2) FROM {ds}.t": "No matching signature for function IF",
    "INSERT {ds}.t (n) VALUES ('5')": "Value has type STRING which cannot be inserted into column n",
    "INSERT {ds}.t (n) VALUES (5.7)": "Value has type FLOAT64 which cannot be inserted into column n",
    "UPDATE {ds}.t SET b = 1 WHERE TRUE": "Value of type INT64 cannot be assigned to b, which has type BOOL",
    "MERGE {ds}.t t USING (SELECT 1 AS x) u ON t.id = u.x WHEN MATCHED THEN DELETE": "No matching signature",
    "SELECT v = v FROM {ds}.t": "Equality is not defined for arguments of type ARRAY",
    "SELECT TO_JSON(1) < TO_JSON(2)": "Less than is not defined for arguments of type JSON",
    # groups
    "SELECT id, COUNT(*) FROM {ds}.t": "neither grouped nor aggregated",
    "SELECT id FROM {ds}.t GROUP BY n": "neither grouped nor aggregated",
    # parameters
    "SELECT @nope": "Query parameter 'nope' not found at [1:8]",
}
TYPES = {
    "1": "INTEGER",
    "1.5": "FLOAT",
    "NULL": "INTEGER",
    "(SELECT SUM(x) FROM UNNEST([1]) AS x)": "INTEGER",
    "(SELECT AVG(x) FROM UNNEST([1]) AS x)": "FLOAT",
    "NUMERIC '1' * 2": "NUMERIC",
    "BIGNUMERIC '1' * 2": "BIGNUMERIC",
    "1 / 2": "FLOAT",
    "ROUND(2.5)": "FLOAT",
    "CURRENT_DATETIME()": "DATETIME",
    "CURRENT_TIMESTAMP()": "TIMESTAMP",
    "TO_JSON(1)": "JSON",
    "b'x'": "BYTES",
    "STRUCT(1 AS a)": "RECORD",
    "INTERVAL 1 DAY": "INTERVAL",
    "COALESCE(NULL, 1.5)": "FLOAT",
    # for these DuckDB would have another
    "NULLIF(1, 1.5)": "FLOAT",
    "1.5 * NUMERIC '1'": "NUMERIC",
    "SIGN(NUMERIC '1')": "NUMERIC",
    "(SELECT 'a' FROM UNNEST([1]) WHERE FALSE)": "STRING",
}


@pytest.fixture(scope="module")
def tables(bigquery):
    """A dataset with the table t."""
    name = "analysed"
    bigquery.query_and_wait(f"CREATE SCHEMA {name}")
    bigquery.query_and_wait(TABLE.format(ds=name))
    yield name
    bigquery.query_and_wait(f"DROP SCHEMA {name} CASCADE")


@documented(SECTION, "What does not fit names, types or grammar is refused", SQL + "lexical", READ)
@pytest.mark.parametrize("sql", REFUSED)
def test_refused(bigquery, tables, sql):
    with pytest.raises(GoogleAPICallError) as failure:
        bigquery.query_and_wait(sql.format(ds=tables))
    assert REFUSED[sql] in str(failure.value)
    assert ("not emulated" in str(failure.value)) == REFUSED[sql].startswith("not emulated")


@documented(SECTION, "Errors tell line and column in the whole script", SQL + "procedural-language", READ)
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("DECLARE x INT64 DEFAULT 3;\nSET x = nope + 1", r"Unrecognized name: nope at \[2:9\]"),
        ("DECLARE x INT64;\nIF x IS NULL THEN\n  SELECT x, nope; END IF", r"nope at \[3:13\]"),
        ("FOR r IN (SELECT 1 AS a) DO SELECT r.b; END FOR", r"Field name b does not exist .* at \[1:38\]"),
        ("DECLARE x INT64 DEFAULT 'a' || s", r"Unrecognized name: s at \[1:32\]"),
        ("SELECT 1; SELECT FROM", r"Syntax error: SELECT list must not be empty at \[1:18\]"),
    ],
)
def test_positions(bigquery, script, message):
    with pytest.raises(BadRequest, match=message):
        bigquery.query_and_wait(script)


def test_nothing_of_a_script_runs_that_cannot_be_parsed(bigquery, dataset):
    with pytest.raises(BadRequest, match="Syntax error"):
        bigquery.query_and_wait(f"CREATE TABLE {dataset}.made (a INT64); SELECT FROM")
    with pytest.raises(NotFound):
        bigquery.get_table(f"{dataset}.made")


@documented(SECTION, "Results have the types of GoogleSQL's rules", SQL + "conversion_rules", READ)
def test_types_of_results(bigquery):
    select = ", ".join(f"{expression} AS c{number}" for number, expression in enumerate(TYPES))
    rows = bigquery.query_and_wait(f"SELECT {select}, [1, 2.5] AS many")
    assert [field.field_type for field in rows.schema] == [*TYPES.values(), "FLOAT"]
    assert rows.schema[-1].mode == "REPEATED"


def test_functions_and_variables_are_known_with_their_types(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE FUNCTION {dataset}.f(x INT64) AS (x + 1)")
    bigquery.query_and_wait(f"CREATE FUNCTION {dataset}.g(x ANY TYPE) AS (x + x)")
    bigquery.query_and_wait(f"CREATE TABLE FUNCTION {dataset}.h(x INT64) AS SELECT x AS n")
    [row] = bigquery.query_and_wait(f"SELECT {dataset}.f(1), {dataset}.g(1.5), n FROM {dataset}.h(3)")
    assert row.values() == (2, 3.0, 3)
    for sql in (f"SELECT {dataset}.f('a')", f"SELECT {dataset}.g('a')", f"SELECT 1 FROM {dataset}.h('a')"):
        with pytest.raises(BadRequest, match=r"No matching signature|Invalid function"):
            bigquery.query_and_wait(sql)
    with pytest.raises(BadRequest, match="No matching signature for function H"):
        bigquery.query_and_wait("CREATE TEMP FUNCTION h(x INT64) AS (x); SELECT h('a')")
    with pytest.raises(BadRequest, match=r"No matching signature for operator \+"):
        bigquery.query_and_wait("DECLARE x INT64 DEFAULT 1; DECLARE y STRING DEFAULT 'a'; SELECT x + y")


def test_a_temporary_function_lives_as_long_as_its_session(bigquery):
    made = bigquery.query(
        "CREATE TEMP FUNCTION f(x INT64) AS (x + 1); SELECT f(1)",
        job_config=QueryJobConfig(create_session=True),
    )
    assert [row[0] for row in made.result()] == [2]
    session = ConnectionProperty("session_id", made.session_info.session_id)
    config = QueryJobConfig(connection_properties=[session])
    assert [row[0] for row in bigquery.query_and_wait("SELECT f(2)", job_config=config)] == [3]
    with pytest.raises(BadRequest, match="No matching signature for function F"):
        bigquery.query_and_wait("SELECT f('a')", job_config=config)
    with pytest.raises(BadRequest, match="Function not found: f"):
        bigquery.query_and_wait("SELECT f(2)")


def test_more_catalogs_than_are_kept_and_a_failed_instance():
    for number in [*range(catalog.KEPT + 3), 0]:
        made = catalog.Catalog()
        made.add_constant(f"x{number}", types.simple("INT64"))
        request = AnalyzeRequest(sql_statement=f"SELECT x{number}")
        request.options.language_options.CopyFrom(language.options())
        made.analyze(request)
        if number == catalog.KEPT:
            language.forget_service()
            catalog.forget()
    assert len(catalog._registered) == 3


def test_parameters_are_known_with_their_types(bigquery):
    names = ("n", "n_2", "n_22")  # each the beginning of the next
    parameters = [ScalarQueryParameter(name, "INT64", number) for number, name in enumerate(names)]
    config = QueryJobConfig(query_parameters=[*parameters, ScalarQueryParameter("b", "BOOL", True)])
    [row] = bigquery.query_and_wait("SELECT @n_22 + @n_2 + @n, @b", job_config=config)
    assert row.values() == (3, True)
    with pytest.raises(BadRequest, match=r"No matching signature for operator \+"):
        bigquery.query_and_wait("SELECT @n_2 + @b", job_config=config)
    config = QueryJobConfig(query_parameters=[ScalarQueryParameter(None, "BOOL", True)] * 2)
    with pytest.raises(BadRequest, match=r"No matching signature for operator -"):
        bigquery.query_and_wait("SELECT ? - ?", job_config=config)


def test_the_catalog_follows_the_tables(bigquery, dataset):
    def extra() -> list:
        return list(bigquery.query_and_wait(f"SELECT extra FROM {dataset}.t"))

    def refused():
        with pytest.raises(BadRequest, match="Unrecognized name: extra"):
            extra()

    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t (a INT64)")
    refused()
    bigquery.query_and_wait(f"ALTER TABLE {dataset}.t ADD COLUMN extra STRING")
    assert extra() == []
    bigquery.query_and_wait(f"ALTER TABLE {dataset}.t DROP COLUMN extra")
    refused()


def test_it_can_be_turned_off(tmp_path):
    with EmulatorProcess(tmp_path, EMULATOR_ANALYZER="off") as process:
        assert process.ready_line.endswith("; statements are not analysed (EMULATOR_ANALYZER=off)\n")
        assert [row[0] for row in process.bigquery().query_and_wait("SELECT 'abc' ILIKE 'ABC'")] == [True]


def test_a_wrong_switch_is_named(tmp_path):
    process = EmulatorProcess(tmp_path, EMULATOR_ANALYZER="no")
    with pytest.raises(AssertionError):
        process.start()
    assert process.process.wait(20) == 2
