"""BIGNUMERIC is held in 38 digits here, 18 of them after the point; longer values are refused."""

from decimal import Decimal, InvalidOperation

import duckdb
from duckdb.sqltypes import BOOLEAN, VARCHAR
from local_bigquery.errors import BigQueryError
from local_bigquery.sql import params
from local_bigquery.sql.dialect import NUMERIC_LIMITS
from sqlglot import exp

from bqml_emulator.core.rules import statement_rules
from bqml_emulator.engine import database_files

WHOLE, DECIMALS = 20, 18  # digits before and after the point, of DuckDB's DECIMAL(38, 18)
FUNCTION = "_bqml_bignumeric_fits"
REFUSAL = f"not emulated: BIGNUMERIC of more than {WHOLE} digits before or {DECIMALS} after the point"
PARSER = "bq.main.parse_bignumeric"
NAMES = ("BIGNUMERIC", "BIGDECIMAL")
BIGDECIMAL = exp.DataType.Type.BIGDECIMAL
SMALLEST = Decimal(
    "578960446186580977117854925043439539266.34992332820282019728792003956564819968"
)  # but sign


def fits(written: str) -> bool:
    """Whether nothing of a number is lost; what is no number fails later, in BigQuery's words."""
    try:
        _, digits, exponent = Decimal(written.strip()).as_tuple()
    except InvalidOperation:
        return True
    if not isinstance(exponent, int):  # NaN, infinity
        return True
    zeros = len(digits) - len(str(int("".join(map(str, digits)))).rstrip("0"))
    return len(digits) + exponent <= WHOLE and exponent + zeros >= -DECIMALS


def register(con: duckdb.DuckDBPyConnection):
    """Make the function when the database is opened."""
    con.create_function(FUNCTION, fits, [VARCHAR], BOOLEAN)


def refuse_longer(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: casts to BIGNUMERIC, literals among them, and PARSE_BIGNUMERIC, in place."""
    for cast in list(tree.find_all(exp.Cast)):
        if cast.to.this == BIGDECIMAL:
            cast.set("this", _checked(cast.this))
        elif cast.this.is_string and _scale(cast.to) > DECIMALS:
            raise BigQueryError("invalidQuery", REFUSAL)
    for call in tree.find_all(exp.Anonymous):
        if call.name.lower() == PARSER:
            call.set("expressions", [_checked(value) for value in call.expressions])
    return tree


def _scale(kind: exp.DataType) -> int:
    """The scale that local-bigquery gives a BIGNUMERIC literal of many decimals, which no column has."""
    is_sized = kind.this == exp.DataType.Type.DECIMAL and len(kind.expressions) > 1
    return int(kind.expressions[1].name) if is_sized else 0


def _checked(value: exp.Expression) -> exp.Expression:
    if isinstance(value, exp.Neg) and isinstance(value.this, exp.Literal):
        value = exp.Literal.string(f"-{value.this.name}")
    if isinstance(value, exp.Literal):
        if not fits(value.name):
            raise BigQueryError("invalidQuery", REFUSAL)
        return value
    written = exp.cast(value.copy(), "VARCHAR")
    is_longer = exp.not_(exp.func(FUNCTION, written))
    return exp.Case(ifs=[exp.If(this=is_longer, true=exp.func("error", exp.convert(REFUSAL)))], default=value)


def install():
    """Check before local-bigquery casts, in statements and their parameters."""
    NUMERIC_LIMITS[BIGDECIMAL] = "BIGNUMERIC", SMALLEST
    statement_rules.add(refuse_longer, first=True)
    database_files.on_connect.append(register)
    plain = params._plain

    def plain_if_it_fits(parameter_type, value):
        found = plain(parameter_type, value)
        if parameter_type.type in NAMES and found is not None and not fits(found):
            raise BigQueryError("invalidQuery", REFUSAL)
        return found

    params._plain = plain_if_it_fits
