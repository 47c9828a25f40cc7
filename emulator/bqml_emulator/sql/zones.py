"""Moments as they are shown in a time zone, which may be any expression: a name, an offset as text, or NULL.

Source: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/timestamp_functions#timezone_definitions
(2026-11-27). DuckDB knows the names, and more than BigQuery; not the offsets.
"""

from datetime import timedelta, timezone

import duckdb
from duckdb.sqltypes import BIGINT, VARCHAR
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.dialect import macro
from sqlglot import exp

from bqml_emulator.engine import database_files
from bqml_emulator.sql import casts, text_values

MINUTE = timedelta(minutes=1)
FIRST, LAST = "TIMESTAMP '0001-01-01 00:00:00'", "TIMESTAMP '9999-12-31 23:59:59.999999'"
WITHIN_A_DAY = ("MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR")
MACROS = {
    "_bqml_shown(local, t)": f"CASE WHEN local < {FIRST} OR local > {LAST} "
    "THEN _raise('Invalid Datetime extracted from timestamp ' || t) ELSE local END",
    "_bqml_counted_at(t, local, zone)": "CASE "
    f"WHEN timezone('UTC', t) < {FIRST} OR timezone('UTC', t) > {LAST} "
    "THEN _raise('Cannot convert Datetime ' || local || ' at timezone ' || zone || ' to a Timestamp') "
    "ELSE t END",
    "_bqml_local(t, zone)": "CASE WHEN _bqml_offset(zone) IS NULL THEN timezone(zone, t) "
    "ELSE timezone('UTC', t) + to_minutes(_bqml_offset(zone)) END",
    "_bqml_at(local, zone)": "CASE WHEN _bqml_offset(zone) IS NULL THEN timezone(zone, local) "
    "ELSE timezone('UTC', local - to_minutes(_bqml_offset(zone))) END",
    # offsets have whole minutes, also where a zone had seconds
    "_bqml_zoned_text(t, local)": "bq.main._timestamp_string(t, timezone('UTC', t) "
    "+ to_minutes(trunc((epoch_us(local) - epoch_us(t)) / 60000000)::BIGINT))",
}


def _offset(name: str | None) -> int | None:
    """The minutes of a zone that is an offset; None of one with a name. ValueError if it is neither."""
    if name is None:
        return None
    found = text_values.zone(name)
    return found.utcoffset(None) // MINUTE if isinstance(found, timezone) else None


def local(instant: exp.Expression, zone: exp.Expression) -> exp.Expression:
    """The DATETIME that a TIMESTAMP is in a zone."""
    return own_cast(
        macro("_bqml_shown", _local(instant, zone), own_cast(instant.copy(), "TIMESTAMPTZ")), "TIMESTAMP"
    )


def _local(instant: exp.Expression, zone: exp.Expression) -> exp.Expression:
    t, offset = own_cast(instant.copy(), "TIMESTAMPTZ"), _literal_offset(zone)
    if not zone.is_string:
        return macro("_bqml_local", t, zone.copy())
    if offset is None:
        return exp.func("timezone", zone.copy(), t, dialect="duckdb")
    return exp.Add(this=_in_utc(t), expression=exp.func("to_minutes", exp.convert(offset)))


def instant(moment: exp.Expression, zone: exp.Expression) -> exp.Expression:
    """The TIMESTAMP that a DATETIME is in a zone."""
    at, offset = own_cast(moment.copy(), "TIMESTAMP"), _literal_offset(zone)
    if not zone.is_string:
        found = macro("_bqml_at", at, zone.copy())
    elif offset is None:
        found = exp.func("timezone", zone.copy(), at, dialect="duckdb")
    else:
        found = _in_utc(exp.Sub(this=at, expression=exp.func("to_minutes", exp.convert(offset))))
    return own_cast(macro("_bqml_counted_at", found, at.copy(), zone.copy()), "TIMESTAMPTZ")


def text(moment: exp.Expression, zone: exp.Expression) -> exp.Expression:
    """STRING(timestamp, zone)."""
    return own_cast(macro("_bqml_zoned_text", moment.copy(), _local(moment, zone)), "VARCHAR")


def truncated(node: exp.TimestampTrunc) -> exp.Expression:
    """TIMESTAMP_TRUNC(timestamp, part, zone)."""
    shown = local(node.this, node.args["zone"])
    start = exp.DatetimeTrunc(this=shown, unit=node.args["unit"].copy())
    if node.text("unit").upper() not in WITHIN_A_DAY:
        return instant(start, node.args["zone"])
    since = exp.Paren(this=exp.Sub(this=shown.copy(), expression=start))  # also where clocks are set back
    return own_cast(exp.Sub(this=own_cast(node.this.copy(), "TIMESTAMPTZ"), expression=since), "TIMESTAMPTZ")


def now(zone: exp.Expression, kind: str) -> exp.Expression:
    """CURRENT_DATE, CURRENT_TIME or CURRENT_DATETIME in a zone."""
    return own_cast(local(exp.CurrentTimestamp(), zone), kind)


def part(moment: exp.Expression, zone: exp.Expression, kind: str) -> exp.Expression:
    """DATE(timestamp, zone) or TIME(timestamp, zone)."""
    return own_cast(local(moment, zone), kind)


def _literal_offset(zone: exp.Expression) -> int | None:
    try:
        return _offset(zone.name) if zone.is_string else None
    except ValueError as error:
        raise BigQueryError("invalidQuery", str(error)) from None


def _in_utc(value: exp.Expression) -> exp.Expression:
    return exp.func("timezone", exp.Literal.string("UTC"), value, dialect="duckdb")


def own_cast(value: exp.Expression, to: exp.DataType | str) -> exp.Cast:
    """A cast that is ours, not the statement's."""
    cast = exp.Cast(this=value, to=exp.DataType.build(to))
    cast.meta[casts.WRITTEN] = False
    return cast


def register(con: duckdb.DuckDBPyConnection):
    """Make the function and the macros when the database is opened."""
    con.create_function("_bqml_offset", _offset, [VARCHAR], BIGINT, null_handling="special")
    for head, body in MACROS.items():
        con.execute(f"CREATE OR REPLACE MACRO bq.main.{head} AS {body}")


def install():
    """Make them with the database."""
    database_files.on_connect.append(register)
