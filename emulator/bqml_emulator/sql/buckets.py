"""DATE_BUCKET and its kin, and GENERATE_RANGE_ARRAY: times cut into steps of an INTERVAL.

Sources: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/time-series-functions and
range-functions (2026-11-27); messages of google/zetasql. Steps of months are counted from the first moment,
which DuckDB forgets when a shorter month has cut its day off.
"""

import duckdb

from bqml_emulator.engine import database_files
from bqml_emulator.sql import times

AFTER = (times,)  # whose macros these use
ORIGIN = "1950-01-01 00:00:00"
RANGE = "STRUCT(__range_start {0}, __range_end {0})"
MONTHS, DAYS, MICROS = "bq.main._months(step)", "datepart('day', step)", "bq.main._micros(step)"
NEGATIVE = f"{MONTHS} < 0 OR {DAYS} < 0 OR {MICROS} < 0"
PARTS = f"(({MONTHS} <> 0)::INTEGER + ({DAYS} <> 0)::INTEGER + ({MICROS} <> 0)::INTEGER)"
NOT_ONE = f"{PARTS} <> 1", "Exactly one non-zero INTERVAL part in bucket width is required"
NEGATIVE_WIDTH = NEGATIVE, "Negative bucket width INTERVAL is not allowed"
NO_STEP = f"{PARTS} = 0", "step cannot be 0"
NEGATIVE_STEP = NEGATIVE, "step cannot be negative"
# By type: which intervals are refused as a bucket's width and as a range's step, and in which words
WIDTHS = {
    "DATE": [
        (f"{MICROS} > 0", "Only MONTH and DAY parts are allowed in bucket width INTERVAL"),
        NEGATIVE_WIDTH,
        NOT_ONE,
    ],
    "TIMESTAMP": [NEGATIVE_WIDTH, NOT_ONE],
    "TIMESTAMPTZ": [
        (f"{MONTHS} <> 0", "Bucket width INTERVAL with non-zero MONTH part is not allowed"),
        NEGATIVE_WIDTH,
        (
            f"{DAYS} <> 0 AND {MICROS} <> 0",
            "Bucket width INTERVAL with mixed DAY and time parts is not allowed",
        ),
        (f"{PARTS} = 0", "Zero bucket width INTERVAL is not allowed"),
    ],
}
STEPS = {
    "DATE": [
        (f"{MICROS} <> 0", "step with non-zero (H:M:S[.F]) part is not supported"),
        (f"{MONTHS} <> 0 AND {DAYS} <> 0", "step should either have the Y-M part or the DAY part"),
        NEGATIVE_STEP,
        NO_STEP,
    ],
    "TIMESTAMP": [
        (
            f"{MONTHS} <> 0 AND {PARTS} > 1",
            "step should either have the Y-M part or the D (H:M:S[.F]) part",
        ),
        NEGATIVE_STEP,
        NO_STEP,
    ],
    "TIMESTAMPTZ": [
        (f"{MONTHS} <> 0", "step with non-zero MONTH or YEAR part is not supported"),
        NEGATIVE_STEP,
        NO_STEP,
    ],
}
WIDTH = f"({DAYS} * {times.DAY} + {MICROS})"
SPAN = "datediff('month', date_trunc('month', {0}), date_trunc('month', {1}))"  # whole months between
MACROS = {
    "_bqml_month_bucket": "(x, first, k, n) AS CASE WHEN first + to_months((k * n)::INTEGER) > x "
    "THEN first + to_months(((k - 1) * n)::INTEGER) ELSE first + to_months((k * n)::INTEGER) END",
    "_bqml_below": "(micros, width) AS (bq.main._bqml_units(micros, width) * width)::BIGINT",
    "_bqml_bucket": f"(x, step, first) AS CASE WHEN {MONTHS} > 0 THEN bq.main._bqml_month_bucket("
    f"x, first, floor({SPAN.format('first', 'x')} / nullif({MONTHS}, 0)), {MONTHS}) "
    f"ELSE first + to_microseconds(bq.main._bqml_below(epoch_us(x) - epoch_us(first), {WIDTH})) END",
    "_bqml_starts": f"(first, past, step) AS CASE WHEN {MONTHS} > 0 "
    f"THEN list_transform(generate_series(0, 1 + ({SPAN.format('first', 'past')} "
    f"// nullif({MONTHS}, 0))::BIGINT), lambda k: first + to_months((k * {MONTHS})::INTEGER)) "
    "ELSE generate_series(first, past + step, step) END",
    "_bqml_pairs": "(starts, past, last) AS list_filter(list_zip(starts, starts[2:]), lambda p: "
    "p[1] < past AND (last OR p[2] <= past))",
}


BUCKETS = (
    f"step) AS bq.main._bqml_bucketed(x, step::INTERVAL, TIMESTAMP '{ORIGIN}')",
    "step, first) AS bq.main._bqml_bucketed(x, step::INTERVAL, first)",
)
RANGES = (
    "step) AS bq.main._bqml_ranges(r, step::INTERVAL, true)",
    "step, last) AS bq.main._bqml_ranges(r, step::INTERVAL, last)",
)


def _refusing(cases: list[tuple[str, str]]) -> str:
    return " ".join(f"WHEN {condition} THEN _raise('{message}')" for condition, message in cases)


def _bucket(kind: str) -> str:
    return (
        f"(x {kind}, step, first) AS CASE WHEN x IS NULL OR step IS NULL OR first IS NULL THEN NULL "
        f"{_refusing(WIDTHS[kind])} "
        f"ELSE bq.main._bqml_within(bq.main._bqml_bucket(x::TIMESTAMP, step, first::TIMESTAMP))::{kind} END"
    )


def _ranges(kind: str) -> str:
    starts = f"bq.main._bqml_starts(r.__range_start::{kind}, r.__range_end::{kind}, step)"
    one = f"{{'__range_start': p[1]::{kind}, '__range_end': least(p[2], r.__range_end)::{kind}}}"
    return (
        f"(r {RANGE.format(kind)}, step, last) AS "
        "CASE WHEN r IS NULL OR step IS NULL OR last IS NULL THEN NULL "
        f"{_refusing(STEPS[kind])} WHEN r.__range_start IS NULL OR r.__range_end IS NULL "
        "THEN _raise('input RANGE cannot have UNBOUNDED endpoints') "
        f"ELSE list_transform(bq.main._bqml_pairs({starts}, r.__range_end, last), lambda p: {one}) END"
    )


def _make(con: duckdb.DuckDBPyConnection, name: str, bodies: list[str]):
    con.execute(f"CREATE OR REPLACE MACRO bq.main.{name} {', '.join(bodies)}")


def register(con: duckdb.DuckDBPyConnection):
    """Make the macros when the database is opened; the last ones take the place of local-bigquery's."""
    for name, body in MACROS.items():
        _make(con, name, [body])
    _make(con, "_bqml_bucketed", [_bucket(kind) for kind in WIDTHS])
    _make(con, "_bqml_ranges", [_ranges(kind) for kind in STEPS])
    for name in ("date_bucket", "datetime_bucket", "timestamp_bucket"):
        _make(con, name, [f"(x {kind}, {call}" for kind in WIDTHS for call in BUCKETS])
    _make(con, "generate_range_array", [f"(r {RANGE.format(kind)}, {c}" for kind in STEPS for c in RANGES])


def install():
    """Make them with the database."""
    database_files.on_connect.append(register)
