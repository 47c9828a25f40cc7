"""Expressions mean here what they mean on BigQuery.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/mathematical_functions#div
https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/aggregate_functions#array_agg
"""

from decimal import Decimal

import pytest
from documented import SQL, TYPES, documented, not_emulated
from google.api_core.exceptions import BadRequest, GoogleAPICallError
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


@pytest.mark.parametrize(
    "sum_", ["1.5 / 5e-324 + 1.5", "x / 5e-324 / y", "x / (1e308 * 10)", "x / -(1e308 + 1e308)"]
)
def test_overflow_within_a_sum(bigquery, sum_):
    with pytest.raises(BadRequest, match="double overflow"):
        value(bigquery, f"SELECT {sum_} FROM (SELECT 1.5 AS x, 2.5 AS y)")


def test_infinite_values_stay_infinite(bigquery):
    infinite = "IF(x = 0, CAST('inf' AS FLOAT64), 1 / 2) + 1"
    assert value(bigquery, f"SELECT {infinite} FROM (SELECT 0 AS x)") == float("inf")
    assert value(bigquery, "SELECT x / 2 + 1 FROM (SELECT CAST('inf' AS FLOAT64) AS x)") == float("inf")


@pytest.mark.parametrize("whole", ["CEIL(x)", "FLOOR(x)", "ROUND(x)", "TRUNC(x)"])
def test_whole_decimals_leave_the_digits_of_others(bigquery, whole):
    assert value(bigquery, f"SELECT IF(x < 0, {whole}, x) FROM (SELECT NUMERIC '2.5' AS x)") == Decimal("2.5")


def test_the_sign_of_what_is_no_number(bigquery):
    assert str(value(bigquery, "SELECT SIGN(SAFE_SUBTRACT(CAST('nan' AS FLOAT64), 1))")) == "nan"


@pytest.mark.parametrize(
    "call",
    [
        "RIGHT(s, -1)",
        "LEFT(s, -1)",
        "REPEAT(s, -1)",
        "SUBSTR(s, 1, -1)",
        "SUBSTR('a', n, -1)",
        "LPAD('a', -1, s)",
        "INSTR(s, 'a', 0)",
        "EDIT_DISTANCE(s, 'a', max_distance => -1)",
    ],
)
def test_null_comes_before_a_position_that_is_wrong(bigquery, call):
    assert (
        value(bigquery, f"SELECT {call} FROM (SELECT CAST(NULL AS STRING) AS s, CAST(NULL AS INT64) AS n)")
        is None
    )


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        (r"'\\u0041'", r"\u0041"),
        (r"'\\x41\\101'", r"\x41\101"),
        (r"'\\\u0041'", r"\A"),
        (r"'\x41\101\u0041\U00000041'", "AAAA"),
        (r"r'\u0041'", r"\u0041"),
        (r'"""\\u0041"""', r"\u0041"),
    ],
)
def test_escape_sequences_are_decoded_once(bigquery, literal, text):
    assert value(bigquery, f"SELECT {literal}") == text


def test_json_knows_no_negative_zero(bigquery):
    assert value(bigquery, "SELECT TO_JSON_STRING([-0.0, 1.5])") == "[0,1.5]"


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
        ("PERCENTILE_DISC(s.x, 0) OVER ()", "RANGE(DATE '2020-01-01', NULL)", "the order of RANGE"),
        ("ROW_NUMBER() OVER (ORDER BY s.x)", "RANGE(DATE '2020-01-01', NULL)", "the order of RANGE"),
        ("AVG(s.x)", "INTERVAL 1 DAY", "not emulated: AVG of INTERVAL"),
    ],
)
def test_aggregates_that_leave_their_type(bigquery, aggregate, rows, message):
    structs = f"(SELECT x, STRUCT(x AS x) AS s FROM UNNEST([{rows}]) AS x)"
    with pytest.raises(BadRequest, match=message):
        value(bigquery, f"SELECT {aggregate} FROM {structs} LIMIT 1")


RANGES = """(
    SELECT text, 1 AS n FROM UNNEST([
    '[2024-01-31, 2024-2-01)', '[UNBOUNDED, 2024-02-29)', '[2023-01-01, NULL)', NULL]) AS text)"""


@pytest.mark.parametrize(
    ("kind", "time"), [("DATE", ""), ("DATETIME", " 00:00:00"), ("TIMESTAMP", " 00:00:00+00")]
)
def test_a_text_of_a_column_becomes_a_range(bigquery, kind, time):
    bounds = " || ' to ' || ".join(
        f"IFNULL(CAST(RANGE_{end}(r) AS STRING), 'NULL')" for end in ("START", "END")
    )
    ranges = f"SELECT text, CAST(text AS RANGE<{kind}>) AS r FROM {RANGES}"
    rows = bigquery.query_and_wait(f"SELECT IF(r IS NULL, NULL, {bounds}) FROM ({ranges})")
    assert [row[0] for row in rows] == [
        f"2024-01-31{time} to 2024-02-01{time}",
        f"NULL to 2024-02-29{time}",
        f"2023-01-01{time} to NULL",
        None,
    ]


def test_a_text_that_is_no_range(bigquery):
    rows = f"SELECT CONCAT(text, '.') AS text FROM {RANGES} WHERE text IS NOT NULL"
    found = bigquery.query_and_wait(f"SELECT SAFE_CAST(text AS RANGE<DATE>) FROM ({rows})")
    assert [row[0] for row in found] == [None, None, None]
    with pytest.raises(BadRequest, match="Failed to parse range"):
        value(bigquery, f"SELECT CAST(text AS RANGE<DATE>) FROM ({rows})")


@pytest.mark.parametrize("query", ["SELECT n FROM {} ORDER BY r", "SELECT r AS s FROM {} ORDER BY s"])
def test_the_order_of_ranges_is_not_emulated(bigquery, query):
    ranges = f"(SELECT n, CAST(text AS RANGE<DATE>) AS r FROM {RANGES})"
    with pytest.raises(GoogleAPICallError, match="not emulated: the order of RANGE"):
        bigquery.query_and_wait(query.format(ranges))


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


def test_a_struct_among_thousands(bigquery):
    pairs = ", ".join(f"({n}, 'x')" for n in range(2000))
    assert value(bigquery, f"SELECT (x, 'x') IN ({pairs}) FROM UNNEST([1999]) AS x") is True


@pytest.mark.parametrize("shift", ["<<", ">>"])
@pytest.mark.parametrize("count", ["-1", "1", "70", "CAST(NULL AS INT64)"])
def test_a_shift_of_null_is_null(bigquery, shift, count):
    assert value(bigquery, f"SELECT CAST(NULL AS INT64) {shift} {count}") is None
    assert value(bigquery, f"SELECT b {shift} {count} FROM UNNEST([CAST(NULL AS BYTES)]) AS b") is None
    with pytest.raises(BadRequest, match="Bitwise shift by negative offset"):
        value(bigquery, f"SELECT 1 {shift} -1")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("x[SAFE_OFFSET(y[SAFE_OFFSET(0)])]", 3),
        ("[1, 2, 3][SAFE_OFFSET([2, 0][OFFSET(0)])]", 3),
        ("x[SAFE_ORDINAL(y[OFFSET(0)])]", 2),
        ("CAST(TIME(TIME(TIME '12:34:56')) AS STRING)", "12:34:56"),
    ],
)
def test_a_function_within_the_same_function(bigquery, expression, expected):
    assert value(bigquery, f"SELECT {expression} FROM (SELECT [1, 2, 3] AS x, [2, 0] AS y)") == expected


NEW_YEAR = "TIMESTAMP '2020-01-01 00:00:00+00'"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"DATETIME({NEW_YEAR}, z)", "2020-01-01 05:45:00"),
        (f"DATE({NEW_YEAR}, '-8')", "2019-12-31"),
        (f"EXTRACT(TIME FROM {NEW_YEAR} AT TIME ZONE z)", "05:45:00"),
        (f"STRING({NEW_YEAR}, z)", "2020-01-01 05:45:00+05:45"),
        ("STRING(TIMESTAMP '1800-01-01 00:00:00+00', 'America/Los_Angeles')", "1799-12-31 16:08:00-07:52"),
        ("TIMESTAMP(DATETIME '2020-01-01 05:45:00', z)", "2020-01-01 00:00:00+00"),
        (f"TIMESTAMP_TRUNC({NEW_YEAR}, HOUR, 'Asia/Kathmandu')", "2019-12-31 23:15:00+00"),
        (f"TIMESTAMP_TRUNC({NEW_YEAR}, WEEK, 'Asia/Tokyo')", "2019-12-28 15:00:00+00"),
        (f"TIMESTAMP_TRUNC({NEW_YEAR}, ISOYEAR, z)", "2019-12-29 18:15:00+00"),
        (
            "TIMESTAMP_TRUNC(TIMESTAMP '2021-11-07 09:30:00+00', HOUR, 'America/Los_Angeles')",
            "2021-11-07 09:00:00+00",
        ),
        ("TIME_DIFF(CURRENT_TIME('+05'), TIME(CURRENT_TIMESTAMP(), '+05'), SECOND)", "0"),
        ("DATE_TRUNC(DATETIME '2020-01-01 00:00:00', WEEK(MONDAY))", "2019-12-30 00:00:00"),
        ("LAST_DAY(DATE '2020-12-31', ISOYEAR)", "2021-01-03"),
        (f"DATETIME({NEW_YEAR}, CAST(NULL AS STRING))", None),
    ],
)
def test_zones(bigquery, expression, expected):
    assert value(bigquery, f"SELECT CAST({expression} AS STRING) FROM UNNEST(['+05:45']) AS z") == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("CURRENT_TIME('Bad/Zone')", "Invalid time zone: Bad/Zone"),
        ("DATETIME(CURRENT_TIMESTAMP(), z)", "Invalid time zone: america/new_york"),
        ("DATETIME(TIMESTAMP '9999-12-31 23:59:59+00', 'Asia/Tokyo')", "Invalid Datetime extracted"),
        ("TIMESTAMP(DATETIME '9999-12-31 23:59:59', 'America/New_York')", "Cannot convert Datetime"),
        ("DATETIME('2021-03-14 02:30:00+00')", "Invalid datetime string"),
        ("LAST_DAY(DATE '9999-12-31', WEEK)", "overflow"),
        ("MAKE_INTERVAL(month => 130000)", "Interval field months 130000 is out of range"),
        ("DATE_BUCKET(DATE '2020-01-01', INTERVAL 1 HOUR)", "Only MONTH and DAY parts"),
        (f"TIMESTAMP_BUCKET({NEW_YEAR}, INTERVAL 1 MONTH)", "non-zero MONTH part is not allowed"),
        ("GENERATE_RANGE_ARRAY(RANGE(DATE '2020-01-01', NULL), INTERVAL 0 DAY)", "step cannot be 0"),
        ("GENERATE_RANGE_ARRAY(RANGE(DATE '2020-01-01', NULL), INTERVAL 1 DAY)", "UNBOUNDED endpoints"),
        ("GENERATE_RANGE_ARRAY(RANGE(DATE '2020-01-01', NULL), INTERVAL 36 HOUR)", "non-zero .H:M:S"),
    ],
)
def test_times_that_are_refused(bigquery, expression, message):
    with pytest.raises(BadRequest, match=message):
        value(bigquery, f"SELECT {expression} FROM UNNEST(['america/new_york']) AS z")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("DATE_BUCKET(d, INTERVAL 1 MONTH, DATE '2024-01-31')", "2024-02-29"),
        ("DATE_BUCKET(d, INTERVAL 5 MONTH, DATE '2025-02-28')", "2023-11-28"),
        ("DATE_BUCKET(d, INTERVAL 7 DAY)", "2024-02-25"),
        ("DATETIME_BUCKET(DATETIME(d), INTERVAL 7 HOUR)", "2024-02-28 19:00:00"),
        ("MAKE_INTERVAL(i, day => i + 1)", "2-0 3 0:0:0"),
        ("MAKE_INTERVAL()", "0-0 0 0:0:0"),
        ("MAKE_INTERVAL(i, CAST(NULL AS INT64))", None),
        ("RANGE_START(GENERATE_RANGE_ARRAY(RANGE(d, d + 99), INTERVAL 1 MONTH)[1])", "2024-03-29"),
        (
            "RANGE_END(GENERATE_RANGE_ARRAY(RANGE(DATE '2020-01-31', d), INTERVAL i MONTH)[0])",
            "2020-03-31",
        ),
        ("ARRAY_LENGTH(GENERATE_RANGE_ARRAY(RANGE(d, d + 5), INTERVAL 2 DAY, FALSE))", "2"),
        ("ARRAY_LENGTH(GENERATE_RANGE_ARRAY(CAST(NULL AS RANGE<DATE>), INTERVAL 2 DAY))", None),
    ],
)
def test_buckets_and_intervals(bigquery, expression, expected):
    sql = f"SELECT CAST({expression} AS STRING) FROM UNNEST([STRUCT(DATE '2024-02-29' AS d, 2 AS i)])"
    assert value(bigquery, sql) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("SAFE_CAST(x AS ARRAY<INT64>)", []),
        ("SAFE_CAST(x AS ARRAY<INT64>) IS NULL", True),
        ("SAFE_CAST(['1', '0x2'] AS ARRAY<INT64>)", [1, 2]),
        ("CAST([1.5, 2.5] AS ARRAY<INT64>)", [2, 3]),
        ("CAST([1.0, 2.5] AS ARRAY<STRING>)", ["1", "2.5"]),
        ("CAST([NUMERIC '1.50'] AS ARRAY<STRING>)", ["1.5"]),
        ("SAFE_CAST(['yes'] AS ARRAY<BOOL>) IS NULL", True),
        ("CAST(NULL AS ARRAY<STRUCT<INT64, INT64>>)", []),
        ("ARRAY<STRUCT<INT64, STRING>>[(1, 'a')]", [{"_field_1": 1, "_field_2": "a"}]),
        ("CAST(NULL AS STRUCT<a INT64, STRING>)", None),
    ],
)
def test_arrays_are_cast_by_their_elements(bigquery, expression, expected):
    assert value(bigquery, f"SELECT {expression} FROM UNNEST([STRUCT(['1', 'b'] AS x)])") == expected


@pytest.mark.parametrize(
    ("cast", "expected"),
    [
        ("n AS STRING FORMAT '9,999.99'", " 1,234.57"),
        ("-n AS STRING FORMAT 'FM$9999.0PR'", "<$1234.6>"),
        ("n AS STRING FORMAT '9.99EEEE'", " 1.23E+03"),
        ("n AS STRING FORMAT '999'", " ###"),
        ("255 AS STRING FORMAT '000x'", " 00ff"),
        ("NUMERIC '2.5' AS STRING FORMAT '9'", " 3"),
        ("b'\\x00\\xff' AS STRING FORMAT 'BASE8'", "000377"),
        ("'abc' AS BYTES FORMAT 'HEX'", b"\x0a\xbc"),
        ("TIME '15:04:05.6789' AS STRING FORMAT 'HH12:MI a.m. FF2'", "03:04 p.m. 67"),
        ("DATE '2024-02-29' AS STRING FORMAT 'Day MON Y'", "Thursday FEB 4"),
        (
            "TIMESTAMP '2020-01-01 00:00:00+00' AS STRING FORMAT 'HH24:MI TZH' AT TIME ZONE 'Asia/Tokyo'",
            "09:00 +09",
        ),
        ("CAST('3:04 P.M.' AS TIME FORMAT 'HH:MI P.M.') AS STRING", "15:04:00"),
        ("CAST('29 feb, 1,974' AS DATETIME FORMAT 'DD MON, Y,YYY') AS STRING", None),
        ("CAST('28 feb, 1,974' AS DATETIME FORMAT 'DD MON, Y,YYY') AS STRING", "1974-02-28 00:00:00"),
        (
            "CAST('2020-1-1 5 -05:30' AS TIMESTAMP FORMAT 'YYYY-MM-DD HH24 TZH:TZM') AS STRING",
            "2020-01-01 10:30:00+00",
        ),
        ("'x' AS DATE FORMAT 'YYYY'", None),
    ],
)
def test_casts_with_a_format(bigquery, cast, expected):
    cast = cast.replace("CAST(", "SAFE_CAST(")
    assert value(bigquery, f"SELECT SAFE_CAST({cast}) FROM UNNEST([1234.567]) AS n") == expected


@pytest.mark.parametrize(
    ("cast", "message"),
    [
        ("'3:04 PM' AS TIME FORMAT 'HH12:MI PM'", "'PM' is not supported for parsing"),
        ("'3:04' AS TIME FORMAT 'HH12:MI'", "required together"),
        ("DATE '2024-02-29' AS STRING FORMAT 'HH24'", "DATE does not support 'HH24'"),
        ("1 AS STRING FORMAT 'MI9'", "Error in format string"),
        ("1 AS STRING FORMAT 'TM9'", "not emulated: the format elements TM"),
        ("b'a' AS STRING FORMAT 'BASE32'", "not emulated: CAST with FORMAT 'BASE32'"),
    ],
)
def test_formats_of_casts_that_are_refused(bigquery, cast, message):
    with pytest.raises(BadRequest, match=message):
        value(bigquery, f"SELECT CAST({cast})")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("'%o|%#x|%08X', -8, -255, -255", "-10|-0xff|-00000FF"),
        ("'%T', b'\\x00\\xff\"'", "b'\\x00\\xff\"'"),
        ("'%t', b'\\xff\\\\'", "\\xff\\\\"),
        ("'%T', 'a\"\\x01'", "'a\"\\x01'"),
        ("'%t %T', INTERVAL -45 DAY, i", '0-0 -45 0:0:0 INTERVAL "-0-1 2 -3:0:0.500" YEAR TO SECOND'),
        ("'%t %T', JSON 'null', JSON 'null'", 'null JSON "null"'),
        ("'%t', CAST(NULL AS JSON)", "NULL"),
        ("'%t', [DATETIME '2020-01-01 00:00:00.5']", "[2020-01-01 00:00:00.500]"),
        ("'%T', BIGNUMERIC '1.50'", 'BIGNUMERIC "1.5"'),
        ("'%p', JSON '{\"b\": 1, \"a\": [1]}'", '{"a":[1],"b":1}'),
    ],
)
def test_formats_of_values(bigquery, arguments, expected):
    interval = "INTERVAL '-0-1 2 -3:0:0.5' YEAR TO SECOND"
    assert value(bigquery, f"SELECT FORMAT({arguments}) FROM (SELECT {interval} AS i)") == expected


@pytest.mark.parametrize(
    ("json", "mode", "expected"),
    [
        ('{"b":1,"a":{"d":1.50,"c":2},"b":3}', "exact", '{"a":{"c":2,"d":1.5},"b":1}'),
        ("18446744073709551615", "exact", "18446744073709551615"),
        ("18446744073709551616", "round", "1.8446744073709552e+19"),
        ("1", "round", "1"),
        ("18446744073709551616", "exact", None),
        ("1e400", "round", None),
        ("1e-400", "exact", None),
        ("NaN", "exact", None),
        ('{"a":1,}', "exact", None),
    ],
)
def test_json_is_parsed(bigquery, json, mode, expected):
    call = f"SAFE.PARSE_JSON(j, wide_number_mode => '{mode}')"
    assert value(bigquery, f"SELECT FORMAT('%t', {call}) FROM UNNEST(['{json}']) AS j") == (
        expected or "NULL"
    )


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("FORMAT('%t', [JSON 'null'])", "not emulated: FORMAT of an ARRAY or STRUCT with NULL"),
        ("FORMAT('%t', RANGE(DATE '2020-01-01', NULL))", "not emulated: FORMAT of a RANGE"),
        ("STRING(JSON 'null')", "The provided JSON input is not a string"),
        ("PARSE_JSON('1e400')", "number overflow"),
    ],
)
def test_texts_that_are_refused(bigquery, expression, message):
    assert value(bigquery, "SELECT STRING(CAST(NULL AS JSON))") is None
    with pytest.raises(BadRequest, match=message):
        value(bigquery, f"SELECT {expression}")


@pytest.mark.parametrize("text", ["CAST(NULL AS STRING)", "s"])
@pytest.mark.parametrize("call", ["EXTRACT_ALL({}, '(')", "CONTAINS({}, '(')", "EXTRACT({}, '(a)(b)')"])
def test_a_wrong_pattern_is_an_error_where_there_is_a_text(bigquery, text, call):
    sql = "SELECT REGEXP_{} IS NULL FROM UNNEST([CAST(NULL AS STRING)]) AS s"
    assert value(bigquery, sql.format(call.format(text))) is True
    with pytest.raises(BadRequest, match=r"Cannot parse regular expression|more than 1 capturing group"):
        value(bigquery, sql.format(call.format("'ab'")))
