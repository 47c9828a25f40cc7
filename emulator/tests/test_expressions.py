"""Expressions mean here what they mean on BigQuery.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/mathematical_functions#div
https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/aggregate_functions#array_agg
"""

import pytest
from documented import SQL, TYPES, documented, not_emulated
from google.api_core.exceptions import BadRequest
from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter

ROWS = "UNNEST([STRUCT('a' AS k, 3 AS n), ('b', NULL), ('c', 1), ('d', 2), ('e', NULL), ('f', 3)])"


def value(bigquery, sql):
    """The only value of a query."""
    [row] = bigquery.query_and_wait(sql)
    return row[0]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("DIV(20 - 1, 10)", 1), ("DIV(20, 12 - 2)", 2), ("10 - DIV(9 - 4, 2) * 2", 6), ("DIV(-7, 2)", -3)],
)
def test_div_divides_its_whole_operands(bigquery, expression, expected):
    numbers = expression.replace("20", "x").replace("9 - 4", "y - 4")
    assert value(bigquery, f"SELECT {numbers} FROM (SELECT 20 AS x, 9 AS y)") == expected


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ("ARRAY_AGG(n IGNORE NULLS ORDER BY k)", [3, 1, 2, 3]),
        ("ARRAY_AGG(n IGNORE NULLS ORDER BY k LIMIT 2)", [3, 1]),
        ("ARRAY_AGG(n IGNORE NULLS ORDER BY k DESC LIMIT 1)", [3]),
        ("ARRAY_AGG(DISTINCT n IGNORE NULLS ORDER BY n)", [1, 2, 3]),
        ("ARRAY_AGG(IF(n = 3, k, NULL) IGNORE NULLS ORDER BY k LIMIT 5)", ["a", "f"]),
    ],
)
def test_array_agg_leaves_out_nulls_before_it_limits(bigquery, aggregate, expected):
    assert value(bigquery, f"SELECT {aggregate} FROM {ROWS}") == expected


@pytest.mark.parametrize("name", ["CURRENT_DATE", "CURRENT_DATETIME", "CURRENT_TIME", "CURRENT_TIMESTAMP"])
def test_a_clock_may_be_called_by_its_own_name(bigquery, name):
    alone = value(bigquery, f"SELECT {name}()")
    sql = f"SELECT {name}() AS {name.lower()}, {name}() >= @alone AS later"
    kind = name.removeprefix("CURRENT_")
    config = QueryJobConfig(query_parameters=[ScalarQueryParameter("alone", kind, alone)])
    [row] = bigquery.query_and_wait(sql, job_config=config)
    assert type(row[0]) is type(alone)
    assert row.later


CONVERSION = SQL + "conversion_functions"
WRITTEN = "2026-11-27"  # the day on which these pages were read


@documented("SQL", "Texts are cast by GoogleSQL's rules, not the engine's", CONVERSION, WRITTEN)
@pytest.mark.parametrize("text", ["'12.7'", "'1e3'", "CONCAT('12', '.7')"])
def test_a_text_that_is_no_integer(bigquery, text):
    assert value(bigquery, f"SELECT SAFE_CAST({text} AS INT64)") is None
    with pytest.raises(BadRequest, match="Bad int64 value"):
        value(bigquery, f"SELECT CAST({text} AS INT64)")


@pytest.mark.parametrize("text", ["'yes'", "CONCAT('y', 'es')"])
def test_a_text_that_is_no_bool(bigquery, text):
    with pytest.raises(BadRequest, match="Bad bool value"):
        value(bigquery, f"SELECT CAST({text} AS BOOL)")


@documented("SQL", "NaN is equal to nothing", TYPES + "#floating_point_semantics", WRITTEN)
def test_not_a_number(bigquery):
    assert value(bigquery, "SELECT IEEE_DIVIDE(0, 0) = IEEE_DIVIDE(0, 0)") is False
    assert value(bigquery, "SELECT COUNTIF(x > 1) FROM UNNEST([CAST('nan' AS FLOAT64), 2]) AS x") == 1


@documented("SQL", "Arithmetic overflows at 64 bits, and never to infinity", SQL + "operators", WRITTEN)
def test_overflow(bigquery):
    assert value(bigquery, "SELECT SAFE_NEGATE(-9223372036854775808)") is None
    assert value(bigquery, "SELECT SAFE_ADD(2147483647, 1)") == 2147483648
    with pytest.raises(BadRequest, match="double overflow"):
        value(bigquery, "SELECT x * x FROM (SELECT 1e200 AS x)")


@documented("SQL", "STRING(L) and BYTES(L) hold nothing longer", TYPES + "#parameterized_data_types", WRITTEN)
@pytest.mark.parametrize("long", ["(s) VALUES ('long')", "(b) VALUES (b'abc')", "(s) SELECT 'éééé'"])
def test_lengths(bigquery, long):
    script = "CREATE TEMP TABLE t (s STRING(3), b BYTES(2)); INSERT t (s, b) VALUES ('ééé', b'ab'); "
    with pytest.raises(BadRequest, match=r"Field (s: STRING\(3\)|b: BYTES\(2\)) has maximum length"):
        bigquery.query_and_wait(f"{script} INSERT t {long}")


@not_emulated(
    "SQL", "A length in ADD COLUMN or CREATE TABLE AS SELECT", TYPES + "#parameterized_data_types", WRITTEN
)
@pytest.mark.parametrize(
    "statement", ["CREATE TEMP TABLE t (s STRING(3)) AS SELECT 'a'", "ALTER TABLE u ADD COLUMN s STRING(3)"]
)
def test_lengths_that_are_not_emulated(bigquery, statement):
    with pytest.raises(BadRequest, match=r"not emulated: .* with a length"):
        bigquery.query_and_wait(f"CREATE TEMP TABLE u (id INT64); {statement}")


@documented("SQL", "Moments are formatted and parsed by every element", SQL + "format-elements", WRITTEN)
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("FORMAT_TIME('%l:%M %P', TIME '01:02:03')", " 1:02 am"),
        ("FORMAT_DATE('%e %b, week %V of %G', d)", " 3 Jan, week 53 of 2020"),
        ("FORMAT_TIMESTAMP('%F %T%Ez', TIMESTAMP(d), 'Asia/Kathmandu')", "2021-01-03 05:45:00+05:45"),
        ("CAST(PARSE_DATE('%d %b %Y', ' 29 feb 2024 ') AS STRING)", "2024-02-29"),
        ("CAST(PARSE_DATE('%Y%m%d', '20240131') AS STRING)", "2024-01-31"),
    ],
)
def test_elements(bigquery, expression, expected):
    assert value(bigquery, f"SELECT {expression} FROM (SELECT DATE '2021-01-03' AS d)") == expected


@documented(
    "SQL",
    "SUBSTR counts from 1; position 0 is 1, and a length is not negative",
    SQL + "string_functions",
)
def test_substr_counts_from_one_and_takes_no_negative_length(bigquery):
    assert value(bigquery, "SELECT SUBSTR('abc', 0, 2)") == "ab"
    assert value(bigquery, "SELECT SUBSTR('abc', -7, 2)") == "ab"
    with pytest.raises(BadRequest, match="negative"):
        value(bigquery, "SELECT SUBSTR('abc', 2, -1)")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("SUBSTR(b, 2, 1)", b"\xff"),
        ("UPPER(LPAD(b, 4, b'x'))", b"XA\xffB"),
        ("RTRIM(b, b'b')", b"a\xff"),
        ("REGEXP_EXTRACT(b, b'a(.)')", b"\xff"),
        ("SPLIT(b, b'\\xff')", [b"a", b"b"]),
        ("CAST(CONCAT('a', 'é') AS BYTES)", b"a\xc3\xa9"),
    ],
)
def test_functions_of_text_take_bytes_of_a_column(bigquery, expression, expected):
    assert value(bigquery, f"SELECT {expression} FROM UNNEST([b'a\\xffb']) AS b") == expected


@pytest.mark.parametrize("clauses", ["GROUP BY g ORDER BY g", "GROUP BY MOD(n, 2) ORDER BY 1"])
def test_fields_of_a_select_as_struct_have_names_to_order_by(bigquery, clauses):
    fields = "MOD(n, 2) AS g, STRING_AGG('x' ORDER BY n) AS x"
    sql = f"SELECT ARRAY(SELECT AS STRUCT {fields} FROM UNNEST([1, 2, 3]) AS n {clauses})"
    assert value(bigquery, sql) == [{"g": 0, "x": "x"}, {"g": 1, "x": "x,x"}]


def test_what_the_engine_cannot_say_in_utf_8_is_the_statements_error(bigquery):
    with pytest.raises(BadRequest, match="hex"):
        value(bigquery, "SELECT FROM_HEX('é')")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("ARRAY_AGG(k HAVING MAX n)", ["a", "f"]),
        ("COUNT(n HAVING MIN n)", 1),
        ("AVG(n HAVING MAX k)", 3.0),
    ],
)
def test_aggregates_over_the_rows_with_an_extreme(bigquery, expression, expected):
    assert value(bigquery, f"SELECT {expression} FROM {ROWS}") == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("AVG(x)", float("inf")),
        ("STDDEV_POP(y)", 1e200),
        ("STDDEV(y) OVER ()", pytest.approx(2**0.5 * 1e200)),
        ("SUM(y)", 0.0),
    ],
)
def test_aggregates_of_great_numbers(bigquery, expression, expected):
    rows = "UNNEST([STRUCT(CAST('inf' AS FLOAT64) AS x, 1e200 AS y), (1, -1e200)])"
    assert value(bigquery, f"SELECT {expression} FROM {rows} LIMIT 1") == expected


@pytest.mark.parametrize(
    ("aggregate", "rows", "message"),
    [
        ("SUM(x)", "1e308, 1e308", "double overflow"),
        ("SUM(x) OVER ()", "1e308, 1e308", "double overflow"),
        ("AVG(x)", "1e308, 1e308", "not emulated: an AVG whose sum"),
        ("SUM(x) / 2", "9223372036854775807, 1", "out of range"),
        ("SUM(s.x) / 2", "9223372036854775807, 1", "int64 overflow"),
        ("MAX(s.x)", "RANGE(DATE '2020-01-01', NULL)", "not emulated: the order of RANGE"),
        ("ARRAY_AGG(s.x ORDER BY s.x)", "RANGE(DATE '2020-01-01', NULL)", "not emulated: the order of RANGE"),
        ("AVG(s.x)", "INTERVAL 1 DAY", "not emulated: AVG of INTERVAL"),
    ],
)
def test_aggregates_that_leave_their_type(bigquery, aggregate, rows, message):
    structs = f"(SELECT x, STRUCT(x AS x) AS s FROM UNNEST([{rows}]) AS x)"
    with pytest.raises(BadRequest, match=message):
        value(bigquery, f"SELECT {aggregate} FROM {structs} LIMIT 1")


@pytest.mark.parametrize(
    ("span", "expected"), [("2 SECOND / 3", "0-0 0 0:0:0.666666"), ("-1 MONTH / 7", "0-0 -4 -6:51:25.714285")]
)
def test_an_interval_is_cut_down_to_whole_microseconds(bigquery, span, expected):
    assert value(bigquery, f"SELECT CAST(INTERVAL {span} AS STRING)") == expected


@pytest.mark.parametrize(
    "like",
    ["LIKE p", "LIKE ANY ('b', p)", "NOT LIKE ALL ('b', p)", r"LIKE 'a\\'", r"LIKE ANY ('a', 'a\\')"],
)
def test_no_pattern_ends_in_a_backslash(bigquery, like):
    with pytest.raises(BadRequest, match="LIKE pattern ends with a backslash"):
        value(bigquery, rf"SELECT 'ab' {like} FROM (SELECT 'a\\' AS p)")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("JSON_QUERY_ARRAY('{\"a\": 1}', '$.a')", []),
        ("JSON_VALUE('no json', '$.a')", None),
        ("JSON_QUERY_ARRAY('[1, null]')", ["1", "null"]),
        ("JSON_EXTRACT('{\"a b\": 1}', \"$['a b']\")", "1"),
        # numbers of a text keep their digits
        ("JSON_VALUE('{\"a\": 1.50}', '$.a')", "1.50"),
        (
            "JSON_QUERY('{\"b\": 1e5, \"a\": [0.1234567890123456789]}', '$')",
            '{"b":1e5,"a":[0.1234567890123456789]}',
        ),
        ("JSON_VALUE_ARRAY('[1.50, \"1.5\"]')", ["1.50", "1.5"]),
        ("JSON_VALUE(JSON '1e15')", "1e+15"),
        ("LAX_STRING(JSON '1e5')", "100000"),
    ],
)
def test_what_is_no_json_or_no_array_has_nothing_in_it(bigquery, expression, expected):
    assert value(bigquery, f"SELECT {expression}") == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("JSON_QUERY('{}', '$[\"a\"]')", "Invalid token in JSONPath"),
        ("JSON_VALUE('{}', '$.a[*]')", "Unsupported operator in JSONPath"),
        ("MIN(j)", "MIN is not defined for arguments of type JSON"),
        ("REGEXP_EXTRACT('ab', '(a)(b)')", "more than 1 capturing group"),
    ],
)
def test_what_bigquery_refuses_is_refused(bigquery, expression, message):
    with pytest.raises(BadRequest, match=message):
        value(bigquery, f"SELECT {expression} FROM UNNEST([JSON '1']) AS j")


@pytest.mark.parametrize(("place", "expected"), [("-1", None), ("0", None), ("2", 2), ("3", None)])
def test_safe_ordinal_does_not_count_from_the_end(bigquery, place, expected):
    assert value(bigquery, f"SELECT [1, 2][SAFE_ORDINAL({place})]") == expected


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ("(1, 'x') = (1, 'x')", True),
        ("STRUCT(1 AS a, NULL AS b) = STRUCT(1 AS a, CAST(NULL AS INT64) AS b)", None),
        ("STRUCT(1 AS a, CAST(NULL AS INT64) AS b) = STRUCT(2 AS c, 3 AS d)", False),
        ("(n, k) != (3, 'b')", True),
        ("STRUCT(n, k) = STRUCT(CAST(NULL AS INT64), k)", None),
        ("(n, k) IN ((2, 'b'), (3, 'a'))", True),
        ("(n, k) NOT IN ((2, 'b'), (NULL, 'a'))", None),
        ("(n, CAST(NULL AS STRING)) IN UNNEST([STRUCT(3 AS x, 'a' AS y)])", None),
        ("(n, k) IN UNNEST([STRUCT(3 AS x, 'a' AS y), (4, NULL)])", True),
        ("(n, k) IN UNNEST([STRUCT(4 AS x, CAST(NULL AS STRING) AS y)])", False),
        ("(n, k) IN (SELECT STRUCT(3, 'a'))", True),
    ],
)
def test_structs_are_compared_by_their_fields(bigquery, comparison, expected):
    assert value(bigquery, f"SELECT {comparison} FROM {ROWS} WHERE k = 'a'") is expected
