"""BIGNUMERIC keeps every digit or is refused; BigQuery has 76, so its own tests would answer differently."""

from decimal import Decimal

import pytest
from google.api_core.exceptions import BadRequest
from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter

from bqml_emulator.sql.bignumeric import fits

REFUSED = "not emulated: BIGNUMERIC of more than 20 digits before or 18 after the point"
LONG = "1.12345678901234567890123456789012345678"


@pytest.mark.parametrize(
    "value",
    [
        f"BIGNUMERIC '{LONG}'",
        "BIGNUMERIC '1.1234567890123456789'",
        "BIGNUMERIC '123456789012345678901'",
        f"CAST('{LONG}' AS BIGNUMERIC)",
        f"SAFE_CAST(IF(RAND() < 2, '{LONG}', '') AS BIGNUMERIC)",
        f"PARSE_BIGNUMERIC('{LONG}')",
        "CAST(CONCAT('1e-', '20') AS BIGNUMERIC)",
        "CAST(BIGNUMERIC '1.000000000000000001' * BIGNUMERIC '1.000000000000000001' AS BIGNUMERIC)",
    ],
)
def test_a_value_that_would_lose_digits_is_refused(bigquery, value):
    with pytest.raises(BadRequest, match=REFUSED):
        bigquery.query_and_wait(f"SELECT {value}")


def test_others_are_exact(bigquery):
    sql = """SELECT BIGNUMERIC '12345678901234567890.123456789012345678',
    CAST(CONCAT('1.5', '0') AS BIGNUMERIC), CAST(CAST(NULL AS STRING) AS BIGNUMERIC),
    PARSE_BIGNUMERIC('-0.1'), SAFE_CAST(CONCAT('x', '') AS BIGNUMERIC),
    CAST(7 AS BIGNUMERIC), CAST(0.25 AS BIGNUMERIC),
    NUMERIC '12345678901234567890123456789.1', CAST('12345678901234567890123456789' AS NUMERIC)"""
    [row] = bigquery.query_and_wait(sql)
    numbers = ["12345678901234567890.123456789012345678", "1.5", None, "-0.1", None, "7", "0.25"]
    numbers += ["12345678901234567890123456789.1", "12345678901234567890123456789"]
    assert list(row) == [number and Decimal(number) for number in numbers]


def test_a_parameter_too(bigquery):
    def ask(number: str):
        parameter = ScalarQueryParameter("n", "BIGNUMERIC", Decimal(number))
        [row] = bigquery.query_and_wait("SELECT @n", job_config=QueryJobConfig(query_parameters=[parameter]))
        return row[0]

    assert ask("1.5") == Decimal("1.5")
    with pytest.raises(BadRequest, match=REFUSED):
        ask(LONG)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("0", True), ("1e19", True), ("1e20", False), ("1.50e-17", True), ("1.5e-18", False), ("nan", True)],
)
def test_what_fits(written, expected):
    assert fits(written) is expected
