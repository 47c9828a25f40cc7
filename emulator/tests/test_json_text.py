"""TO_JSON_STRING and TO_JSON encode a value of each type as BigQuery does.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_encodings (2026-08-22)
"""

import pytest
from google.api_core.exceptions import BadRequest

VALUES = [
    ("TIMESTAMP '2026-01-02 03:04:05+00'", '"2026-01-02T03:04:05Z"'),
    ("TIMESTAMP '2017-03-06 12:34:56.789012+00'", '"2017-03-06T12:34:56.789012Z"'),
    ("[TIMESTAMP '2026-01-02 03:04:05.5+00']", '["2026-01-02T03:04:05.500Z"]'),
    ("DATETIME '2017-03-06 12:34:56.789012'", '"2017-03-06T12:34:56.789012"'),
    ("DATE '2017-03-06'", '"2017-03-06"'),
    ("TIME '12:34:56.789012'", '"12:34:56.789012"'),
    ("INTERVAL '10:20:30.52' HOUR TO SECOND", '"PT10H20M30.52S"'),
    ("INTERVAL -25 MONTH", '"P-2Y-1M"'),
    ("INTERVAL '1 5:30' DAY TO MINUTE", '"P1DT5H30M"'),
    ("INTERVAL 0 DAY", '"P0Y"'),
    ("b'Google'", '"R29vZ2xl"'),
    (r"STRUCT(b'\x00\\xff\xaa' AS b)", '{"b":"AFx4Zmaq"}'),
    ("9007199254740992", "9007199254740992"),
    ("9007199254740993", '"9007199254740993"'),
    ("-1", "-1"),
    ("NUMERIC '123.56'", '"123.56"'),
    ("NUMERIC '5'", "5"),
    ("NUMERIC '12345678901234567890123456789.123456789'", '"12345678901234567890123456789.123456789"'),
    ("CAST('+inf' AS FLOAT64)", '"Infinity"'),
    ("[CAST('-inf' AS FLOAT64), CAST('NaN' AS FLOAT64), 1.0, 1.5, 0.1]", '["-Infinity","NaN",1,1.5,0.1]'),
    ("STRUCT(1.5 AS x, [1e20] AS y)", '{"x":1.5,"y":[1e+20]}'),
    ("TRUE", "true"),
    ("CAST(NULL AS DATE)", "null"),
    (r"'\"\\ü\n'", r'"\"\\ü\n"'),
    ("STRUCT(12 AS purchases, TRUE AS inStock)", '{"purchases":12,"inStock":true}'),
    ("STRUCT(1 AS a, STRUCT(NUMERIC '1.5' AS b) AS c)", '{"a":1,"c":{"b":"1.5"}}'),
    (
        """JSON '{"item": "pen", "price": [10, 2.5, 9007199254740993]}'""",
        '{"item":"pen","price":[10,2.5,9007199254740993]}',
    ),
    ("RANGE<DATE> '[2024-07-24, UNBOUNDED)'", '{"start":"2024-07-24","end":null}'),
    ("CAST([] AS ARRAY<INT64>)", "[]"),
]


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_the_text_of_a_value(bigquery, value, expected):
    [row] = bigquery.query_and_wait(f"SELECT TO_JSON_STRING({value})")
    assert row[0] == expected


# What it is as JSON: members in the order of their names, numbers as documents have them.
DOCUMENTS = [
    (r"""JSON '{"b": 1, "a": 1e100, "b": 2}'""", '{"a":1e+100,"b":1}'),
    (r"""PARSE_JSON('{"b": 1.0, "a": [1e15, -0.0]}')""", '{"a":[1e+15,0.0],"b":1.0}'),
    ("TO_JSON(STRUCT(1 AS b, 2.0 AS a))", '{"a":2.0,"b":1}'),
    ("TO_JSON(RANGE(DATE '2020-01-01', NULL))", '{"end":null,"start":"2020-01-01"}'),
    ("TO_JSON(9007199254740993, stringify_wide_numbers => TRUE)", '"9007199254740993"'),
    ("JSON_OBJECT('b', 1, 'a', 2, 'b', 3)", '{"a":2,"b":1}'),
    (r"""JSON_SET(JSON '{"a": {"x": 1}}', '$.a', JSON '{"y": 2}')""", '{"a":{"y":2}}'),
    (r"""JSON_SET(JSON '{"a": 1}', '$.b', CAST(NULL AS INT64), '$.c[1].d', 'x')""",
     '{"a":1,"b":null,"c":[null,{"d":"x"}]}'),
    (r"""JSON_SET(JSON '{"a": 1}', '$.a.b', 2, '$.d', 3, create_if_missing => FALSE)""", '{"a":1}'),
    (r"""JSON_REMOVE(JSON '{"a": [1, 2], "b": 3}', '$.a[0]', '$.b', '$.c')""", '{"a":[2]}'),
    (r"""JSON_ARRAY_APPEND(JSON '{"a": [1], "b": null}', '$.a', [2, 3], '$.b', 4)""",
     '{"a":[1,2,3],"b":[4]}'),
    (r"""JSON_ARRAY_APPEND(JSON '{"a": [1]}', '$.a', [2], append_each_element => FALSE)""", '{"a":[1,[2]]}'),
    (r"""JSON_ARRAY_INSERT(JSON '[1]', '$[0]', 0, '$[3]', 3)""", "[0,1,null,3]"),
    (r"""JSON_STRIP_NULLS(JSON '{"a": null, "b": [null, {"c": null}]}')""", '{"b":[{}]}'),
    (r"""JSON_STRIP_NULLS(JSON '{"a": [null], "b": [null]}', '$.b', remove_empty => TRUE)""",
     '{"a":[null],"b":null}'),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), DOCUMENTS)
def test_a_document(bigquery, value, expected):
    [row] = bigquery.query_and_wait(f"SELECT TO_JSON_STRING({value})")
    assert row[0] == expected


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("JSON_REMOVE(JSON '1', '$')", "The JSONPath cannot be '\\$'"),
        ("PARSE_JSON('0.1234567890123456789')", "cannot round-trip"),
        ("PARSE_JSON('1e400')", "number overflow"),
        ("PARSE_JSON(REPEAT('1', 5000), wide_number_mode => 'round')", "number overflow"),
        ("PARSE_JSON(CONCAT('{', 'a'))", "Invalid input to PARSE_JSON: "),
        ("PARSE_JSON(REPEAT('[', 100000))", "Invalid input to PARSE_JSON: "),
        ("PARSE_JSON('1', wide_number_mode => CONCAT('wi', 'de'))", "Invalid `wide_number_mode` specified"),
    ],
)
def test_no_document(bigquery, call, message):
    with pytest.raises(BadRequest, match=message):
        bigquery.query_and_wait(f"SELECT {call}")


def test_a_row_is_an_object_of_its_columns(bigquery, dataset):
    bigquery.query_and_wait(
        f"""CREATE TABLE {dataset}.t AS SELECT 1 AS id, b'x' AS b, TIMESTAMP '2026-01-02 03:04:05+00' AS ts,
        1.5 AS f, [1] AS filled, CAST(NULL AS ARRAY<INT64>) AS missing"""
    )
    [row] = bigquery.query_and_wait(
        f"SELECT TO_JSON_STRING(t), TO_JSON_STRING(t.filled) FROM {dataset}.t AS t"
    )
    expected = '{"id":1,"b":"eA==","ts":"2026-01-02T03:04:05Z","f":1.5,"filled":[1],"missing":[]}'
    assert tuple(row) == (expected, "[1]")


def test_pretty_print_has_lines(bigquery):
    value = "STRUCT(1 AS a, [NUMERIC '1.5'] AS b, CAST([] AS ARRAY<INT64>) AS c)"
    [row] = bigquery.query_and_wait(f"SELECT TO_JSON_STRING({value}, TRUE), TO_JSON_STRING({value}, FALSE)")
    pretty = '{\n  "a": 1,\n  "b": [\n    "1.5"\n  ],\n  "c": []\n}'
    assert tuple(row) == (pretty, '{"a":1,"b":["1.5"],"c":[]}')


def test_to_json_keeps_wide_numbers_as_numbers(bigquery):
    sql = """SELECT
    TO_JSON(STRUCT(9007199254740993 AS i, NUMERIC '123.56' AS n, DATETIME '2026-01-02 00:00:00' AS d)),
    JSON_VALUE(TO_JSON(TIMESTAMP '2026-01-02 03:04:05+00')), TO_JSON(NULL) IS NULL"""
    [row] = bigquery.query_and_wait(sql)
    assert tuple(row) == (
        {"i": 9007199254740993, "n": 123.56, "d": "2026-01-02T00:00:00"},
        "2026-01-02T03:04:05Z",
        False,
    )
