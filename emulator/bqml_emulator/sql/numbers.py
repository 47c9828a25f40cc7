"""Arithmetic and mathematical functions where DuckDB's have other results or know no error.

Sources: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/mathematical_functions and
operators (2026-11-27). Nothing finite becomes infinite in silence; NUMERIC is divided and raised in decimals,
where DuckDB takes the way over FLOAT64; of BIGNUMERIC only results that this emulator can hold are given.
"""

import decimal
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import duckdb
from duckdb.sqltypes import BIGINT, BOOLEAN, VARCHAR
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.dialect import macro
from local_bigquery.sql.rules import NODE_RULES, math
from local_bigquery.sql.rules.typing import BYTES, DECIMALS, FLOATS, kind
from sqlglot import exp

from bqml_emulator.core.rules import statement_rules
from bqml_emulator.engine import database_files
from bqml_emulator.sql import bignumeric

Type = exp.DataType.Type
BLOB = duckdb.sqltype("BLOB")
EXACT = decimal.Context(prec=150, Emax=10**6, Emin=-(10**6))
SCALES = {Type.DECIMAL: 9, Type.BIGDECIMAL: bignumeric.DECIMALS}
NAMES = {Type.DECIMAL: "NUMERIC", Type.BIGDECIMAL: "BIGNUMERIC"}
FINITE = {  # functions of FLOAT64 that must not leave the finite numbers
    exp.Exp: "EXP",
    exp.Pow: "POW",
    exp.Sinh: "SINH",
    exp.Cosh: "COSH",
    exp.Acosh: "ACOSH",
    exp.Atanh: "ATANH",
    exp.Cot: "COT",
    exp.Coth: "COTH",
    exp.Csc: "CSC",
    exp.Csch: "CSCH",
}
FINITE_MACROS = {f"bq.main.{name}": name.upper() for name in ("coth", "csc", "csch", "sec", "sech")}
BITS = {
    exp.BitwiseLeftShift: "_bqml_shift_left",
    exp.BitwiseRightShift: "_bqml_shift_right",
    exp.BitwiseCount: "_bqml_bit_count",
}
SUMS = (exp.Add, exp.Sub, exp.Mul, exp.Div)
NOT_REPEATED = (exp.Subquery, exp.Select, exp.Window, exp.Rand, exp.Unnest)
NOT_COMPARED = (exp.Update, exp.Set, exp.SetItem, exp.Property, exp.Properties, exp.When, exp.Merge)
WIDEST = 2**31 - 2  # positions in a list that DuckDB takes
MACROS = {  # that take the place of local-bigquery's
    "_logarithm(x, value)": "CASE WHEN x = '-inf'::DOUBLE THEN 'nan'::DOUBLE "
    "WHEN x = 0 THEN _raise('cannot take logarithm of zero') "
    "WHEN x < 0 THEN _raise('cannot take logarithm of a negative number') ELSE value END",
    "_bqml_finite_or_null(r, a, b)": "CASE WHEN NOT isfinite(r::DOUBLE) AND isfinite(a::DOUBLE) "
    "AND isfinite(b::DOUBLE) THEN NULL ELSE r END",
    "_bqml_safe_quotient(a, b)": "TRY(CAST(_bqml_decimals('divide', a::VARCHAR, b::VARCHAR, "
    f"{SCALES[Type.DECIMAL]}) AS DECIMAL(38, 9)))",
    "safe_add(a, b)": "bq.main._bqml_finite_or_null(TRY(a + b), a, b)",
    "safe_subtract(a, b)": "bq.main._bqml_finite_or_null(TRY(a - b), a, b)",
    "safe_multiply(a, b)": "bq.main._bqml_finite_or_null(TRY(a * b), a, b)",
    "_bqml_wrapped(x)": "CASE WHEN x >= 9223372036854775808::HUGEINT "
    "THEN x - 18446744073709551616::HUGEINT ELSE x END::BIGINT",
    "_bqml_checked(r, x, name)": "CASE WHEN r IS NULL OR isfinite(r) OR NOT isfinite(x::DOUBLE) THEN r "
    "ELSE _raise('Floating point error in function: ' || name || '(' || x || ')') END",
    "_bqml_checked2(r, x, y, name)": "CASE WHEN r IS NULL OR isfinite(r) OR NOT isfinite(x::DOUBLE) "
    "OR NOT isfinite(y::DOUBLE) THEN r "
    "ELSE _raise('Floating point error in function: ' || name || '(' || x || ', ' || y || ')') END",
    "_bqml_pattern(p)": "CASE WHEN regexp_matches(p, '(^|[^\\\\])(\\\\\\\\)*\\\\$') "
    "THEN _raise('LIKE pattern ends with a backslash') ELSE p END",
    "range_bucket(point, boundaries)": "CASE WHEN point IS NULL OR boundaries IS NULL "
    "OR CASE WHEN typeof(point) = 'DOUBLE' THEN isnan(point::VARCHAR::DOUBLE) ELSE false END THEN NULL "
    "WHEN len(list_filter(boundaries, lambda b, i: b IS NULL OR (i > 1 AND boundaries[i - 1] > b))) > 0 "
    "THEN _raise('Elements in input array to RANGE_BUCKET must be in ascending order.') "
    "ELSE len(list_filter(boundaries, lambda b: b <= point)) END",
}
SHIFT = (
    "CASE WHEN a IS NULL OR b IS NULL THEN NULL "
    "WHEN b < 0 THEN _raise('Bitwise shift by negative offset.') WHEN b >= 64 THEN 0 ELSE"
)
OVERLOADS = {
    "_bqml_bit_count": {
        "(x BIGINT)": "bit_count(x)::BIGINT",
        "(x BLOB)": "CASE WHEN octet_length(x) = 0 THEN 0 ELSE bit_count(x::BIT) END::BIGINT",
    },
    "_bqml_shift_left": {
        "(a BIGINT, b BIGINT)": f"{SHIFT} bq.main._bqml_wrapped("
        "(a::HUGEINT & (18446744073709551615::HUGEINT >> (b & 63)::INTEGER)) << (b & 63)::INTEGER) END",
        "(a BLOB, b BIGINT)": "_bqml_shift_bytes(a, b, true)",
    },
    "_bqml_shift_right": {
        "(a BIGINT, b BIGINT)": f"{SHIFT} bq.main._shift_right(a, b) END",
        "(a BLOB, b BIGINT)": "_bqml_shift_bytes(a, b, false)",
    },
}


def _divide(a: Decimal, b: Decimal) -> Decimal:
    if not b:
        raise ValueError(f"division by zero: {a:f} / {b:f}")
    return EXACT.divide(a, b)


def _div(a: Decimal, b: Decimal) -> Decimal:
    if not b:
        raise ValueError(f"division by zero: {a:f} DIV {b:f}")
    return EXACT.divide(a, b).to_integral_value(decimal.ROUND_DOWN)


def _power(a: Decimal, b: Decimal) -> Decimal:
    if not a and b < 0:
        raise ValueError(f"division by zero: POW({a:f}, {b:f})")
    if a < 0 and b != b.to_integral_value():
        raise ValueError(f"Negative NUMERIC value cannot be raised to a fractional power: POW({a:f}, {b:f})")
    return Decimal(1) if not b else EXACT.power(a, b)


def _root(a: Decimal) -> Decimal:
    if a < 0:
        raise ValueError("Argument to SQRT cannot be negative")
    return EXACT.sqrt(a)


def _cube_root(a: Decimal) -> Decimal:
    root = EXACT.power(abs(a), EXACT.divide(Decimal(1), Decimal(3)))
    nearest = root.quantize(Decimal("1e-50"), ROUND_HALF_EVEN, EXACT) if a else Decimal(0)
    return -nearest if a < 0 else nearest


def _logarithm(a: Decimal, base: Decimal | None = None) -> Decimal:
    if a <= 0 or (base is not None and (base <= 0 or base == 1)):
        raise ValueError("LN is undefined for zero and negative values")
    return EXACT.ln(a) if base is None else EXACT.divide(EXACT.ln(a), EXACT.ln(base))


OPERATIONS: dict[str, Callable[..., Decimal]] = {
    "divide": _divide,
    "div": _div,
    "power": _power,
    "sqrt": _root,
    "cbrt": _cube_root,
    "exp": EXACT.exp,
    "ln": _logarithm,
    "log": _logarithm,
    "log10": EXACT.log10,
}


def _operate(name: str | None, a: str | None, b: str | None, scale: int | None) -> str | None:
    """A result of decimals; of BIGNUMERIC only one that has no more digits than are held here."""
    if a is None or scale is None or (b is None and name in ("divide", "div", "power", "log")):
        return None
    try:
        found = OPERATIONS[name or ""](*(Decimal(text) for text in (a, b) if text is not None))
    except decimal.Overflow:
        raise ValueError(f"numeric overflow: {name}({a}, {b})") from None
    except decimal.InvalidOperation:
        raise ValueError(f"{name} is undefined for {a}") from None
    rounded = found.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, EXACT)
    if scale == bignumeric.DECIMALS and rounded != found:
        raise ValueError(bignumeric.REFUSAL)
    return f"{rounded:f}"


def _round(a: str | None, digits: int | None, way: str | None) -> str | None:
    if a is None or digits is None or way is None:
        return None
    value, step = Decimal(a), Decimal(1).scaleb(-max(min(digits, 60), -60))
    if digits >= 38:
        return f"{value:f}"
    whole = EXACT.divide(value, step).to_integral_value(way)
    return f"{EXACT.multiply(whole, step):f}"


def _shift_bytes(value: bytes | None, places: int | None, left: bool) -> bytes | None:
    """To the left or the right by `places` bits; the length stays."""
    if value is None or places is None:
        return None
    if places < 0:
        raise ValueError("Bitwise shift by negative offset.")
    size = len(value) * 8
    bits = int.from_bytes(value)
    if places >= size:
        return bytes(len(value))
    shifted = (bits << places) & ((1 << size) - 1) if left else bits >> places
    return shifted.to_bytes(len(value))


def _latin(value: bytes) -> str:
    """A character for each byte."""
    return bytes(value).decode("latin-1")


def _latin_pattern(value: bytes) -> str:
    return _whole(_latin(value))


def register(con: duckdb.DuckDBPyConnection):
    """Make the functions and macros when the database is opened."""
    special = {"null_handling": "special"}
    con.create_function("_bqml_decimals", _operate, [VARCHAR, VARCHAR, VARCHAR, BIGINT], VARCHAR, **special)
    con.create_function("_bqml_round", _round, [VARCHAR, BIGINT, VARCHAR], VARCHAR, **special)
    con.create_function("_bqml_shift_bytes", _shift_bytes, [BLOB, BIGINT, BOOLEAN], BLOB, **special)
    con.create_function("_bqml_latin", _latin, [BLOB], VARCHAR)
    con.create_function("_bqml_latin_pattern", _latin_pattern, [BLOB], VARCHAR)
    for head, body in MACROS.items():
        con.execute(f"CREATE OR REPLACE MACRO bq.main.{head} AS {body}")
    for name, bodies in OVERLOADS.items():
        of_types = ", ".join(f"{head} AS {body}" for head, body in bodies.items())
        con.execute(f"CREATE MACRO bq.main.{name} {of_types}")


SAFE = tuple(f"bq.main.safe_{name}" for name in ("add", "subtract", "multiply", "negate"))


def decimal_kind(value: exp.Expression) -> Type | None:
    """NUMERIC's or BIGNUMERIC's type: that of a cast is DuckDB's already, which only its scale tells."""
    found = kind(value)
    to = value.to if isinstance(value, exp.Cast) else None
    if found == Type.DECIMAL and to is not None and len(to.expressions) > 1:
        return Type.BIGDECIMAL if int(to.expressions[1].name) > SCALES[Type.DECIMAL] else found
    return found


def numbers(node: exp.Expression, context) -> exp.Expression:
    """Node rule: mathematical functions and operators."""
    made = node
    if type(node) in BITS:
        made = macro(
            BITS[type(node)], *(v for v in (node.this, node.args.get("expression")) if v is not None)
        )
    elif isinstance(node, exp.Round | exp.Trunc):
        made = _rounded(node)
    elif isinstance(node, exp.Ceil | exp.Floor):
        made = _whole_decimal(node)
    elif isinstance(node, exp.Anonymous) and node.name in SAFE:
        made = _safe(node)
    elif isinstance(node, exp.Anonymous) and node.name in FINITE_MACROS:
        (value,) = node.expressions
        made = _finite(node, FINITE_MACROS[node.name], value)
    elif type(node) in FINITE or isinstance(node, exp.Sqrt | exp.Cbrt | exp.Ln | exp.Log | exp.IntDiv):
        made = _function(node)
    elif isinstance(node, exp.Div | exp.SafeDivide) and kind(node) in DECIMALS:
        made = _divided(node)
    elif isinstance(node, exp.SafeDivide):
        made = macro("_bqml_finite_or_null", node.copy(), node.this.copy(), node.expression.copy())
    if made is not node and made.type is None:
        made.type = node.type
    return made


def _safe(node: exp.Anonymous) -> exp.Expression:
    """With 64 bits: DuckDB's literals have 32."""
    values = [exp.cast(v, "BIGINT") if kind(v) in exp.DataType.INTEGER_TYPES else v for v in node.expressions]
    if values[0].is_type(*exp.DataType.INTEGER_TYPES) and node.name == "bq.main.safe_negate":
        return macro("safe_subtract", exp.cast(exp.Literal.number(0), "BIGINT"), *values)
    made = macro(node.name.removeprefix("bq.main."), *values)
    if any(kind(value) in FLOATS for value in values):
        made.type = exp.DataType.build("DOUBLE")
    return made


def _finite(node: exp.Expression, name: str, *values: exp.Expression) -> exp.Expression:
    check = "_bqml_checked2" if len(values) > 1 else "_bqml_checked"
    return macro(check, node.copy(), *(value.copy() for value in values), exp.Literal.string(name))


def _function(node: exp.Expression) -> exp.Expression:
    values = [value for value in (node.this, node.args.get("expression")) if value is not None]
    kinds = {decimal_kind(value) for value in values}
    of_decimals = next((found for found in (Type.BIGDECIMAL, Type.DECIMAL) if found in kinds), None)
    if of_decimals and not any(kind(value) in FLOATS for value in values):
        if isinstance(node, exp.Log) and node.args.get("expression") is None:
            return _decimals("ln", of_decimals, node.this)
        if isinstance(node, exp.Log):  # sqlglot has the base first
            return _decimals("log", of_decimals, node.expression, node.this)
        names = {
            exp.Exp: "exp",
            exp.Pow: "power",
            exp.Sqrt: "sqrt",
            exp.Cbrt: "cbrt",
            exp.Ln: "ln",
            exp.IntDiv: "div",
        }
        name = names.get(type(node))
        return _decimals(name, of_decimals, *values) if name else node
    if type(node) in FINITE:
        return _finite(node, FINITE[type(node)], *values)
    return node


def _decimals(name: str, of: Type, a: exp.Expression, b: exp.Expression | None = None) -> exp.Expression:
    texts = [exp.cast(value.copy(), "VARCHAR") if value is not None else exp.null() for value in (a, b)]
    call = exp.func("_bqml_decimals", exp.Literal.string(name), *texts, exp.Literal.number(SCALES[of]))
    return _to(call, of)


def _to(text: exp.Expression, of: Type) -> exp.Expression:
    return exp.Cast(this=text, to=exp.DataType.build(f"DECIMAL(38, {SCALES[of]})", dialect="duckdb"))


def _divided(node: exp.Div | exp.SafeDivide) -> exp.Expression:
    kinds = {decimal_kind(side) for side in (node, node.this, node.expression)}
    of = Type.BIGDECIMAL if Type.BIGDECIMAL in kinds else Type.DECIMAL
    if isinstance(node, exp.SafeDivide) and of == Type.DECIMAL:
        return macro("_bqml_safe_quotient", node.this.copy(), node.expression.copy())
    call = _decimals("divide", of, node.this, node.expression)
    if not isinstance(node, exp.SafeDivide):
        return call
    zero = exp.EQ(this=node.expression.copy(), expression=exp.Literal.number(0))
    return exp.Case(ifs=[exp.If(this=zero, true=exp.null())], default=call)  # TRY would hide the refusal


def _whole_decimal(node: exp.Expression) -> exp.Expression:
    """With the scale of its type: DuckDB's has none, and takes that of values beside it."""
    of = decimal_kind(node.this)
    return _to(node.copy(), of) if of in DECIMALS else node


def _rounded(node: exp.Round | exp.Trunc) -> exp.Expression:
    digits, of = node.args.get("decimals"), decimal_kind(node.this)
    if digits is None and not node.args.get("truncate"):
        return _whole_decimal(node)
    if of in DECIMALS:
        way = "ROUND_DOWN" if isinstance(node, exp.Trunc) else ROUND_HALF_UP
        if isinstance(node, exp.Round) and (given := node.args.get("truncate")) is not None:
            ways = {"ROUND_HALF_EVEN": ROUND_HALF_EVEN, "ROUND_HALF_AWAY_FROM_ZERO": ROUND_HALF_UP}
            if given.name.upper() not in ways:
                raise BigQueryError("invalidQuery", f"Invalid rounding mode: {given.name}")
            way = ways[given.name.upper()]
        text = exp.cast(node.this.copy(), "VARCHAR")
        places = exp.cast(digits.copy(), "BIGINT")
        return _to(exp.func("_bqml_round", text, places, exp.Literal.string(way)), of)
    if isinstance(digits, exp.Literal) or (
        isinstance(digits, exp.Neg) and isinstance(digits.this, exp.Literal)
    ):
        places = int(digits.sql())
        node.set("decimals", exp.Literal.number(max(min(places, 400), -400)))
        return node
    bounded = exp.func(
        "greatest", exp.func("least", digits.copy(), exp.Literal.number(400)), exp.convert(-400)
    )
    given = exp.Is(this=digits.copy(), expression=exp.null())
    node.set("decimals", exp.cast(bounded, "INTEGER"))
    return exp.Case(ifs=[exp.If(this=given, true=exp.null())], default=node.copy())


def finite_sums(node: exp.Expression, context) -> exp.Expression:
    """Node rule: a sum, product or quotient of finite FLOAT64 values is finite, or an error."""
    if not isinstance(node, SUMS):
        return node
    if _is_part(node) or kind(node) not in FLOATS or node.find(*NOT_REPEATED):
        return node
    leaves = list(_leaves(node))
    if not any(kind(leaf) in FLOATS for leaf in leaves):
        return node  # integers are too small
    leaves = [leaf for leaf in leaves if not isinstance(leaf, exp.Literal | exp.Cast) or not _literal(leaf)]
    given = [exp.func("isfinite", exp.cast(leaf.copy(), "DOUBLE")) for leaf in leaves]
    result = exp.Paren(this=math.division(node.copy(), context))
    fine = exp.or_(
        exp.Is(this=result.copy(), expression=exp.null()),
        exp.func("isfinite", exp.cast(result.copy(), "DOUBLE")),
    )
    operator = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}[type(node)]
    error = exp.func("_raise", exp.Literal.string(f"double overflow: {operator}"))
    ifs = [exp.If(this=fine, true=result.copy())]
    if given:
        ifs.append(exp.If(this=exp.not_(exp.and_(*given)), true=result.copy()))
    made = exp.Case(ifs=ifs, default=error)
    made.type = node.type
    return made


def _is_part(node: exp.Expression) -> bool:
    """Whether what it is part of shows that it is infinite; divided by, it would leave 0."""
    around = node.parent
    while isinstance(around, exp.Paren | exp.Neg):
        node, around = around, around.parent
    return isinstance(around, SUMS) and not (isinstance(around, exp.Div) and around.expression is node)


def _literal(leaf: exp.Expression) -> bool:
    inner = leaf.this if isinstance(leaf, exp.Cast) else leaf
    return isinstance(inner, exp.Literal) and inner.name.lower().strip("+-") not in ("nan", "inf", "infinity")


def _leaves(node: exp.Expression):
    if isinstance(node, exp.Paren | exp.Neg):
        yield from _leaves(node.this)
    elif isinstance(node, SUMS):
        yield from _leaves(node.this)
        yield from _leaves(node.expression)
    elif isinstance(node, exp.Case) and _is_checked_division(node):
        yield from _leaves(node.args["default"])
    else:
        yield node


def _is_checked_division(node: exp.Case) -> bool:
    """Whether math.division has made it, of a quotient and the error for a divisor of 0."""
    return isinstance(node.args.get("default"), exp.Div) and node.args["ifs"][0].args["true"].name == "_raise"


def not_a_number(node: exp.Expression, context) -> exp.Expression:
    """Node rule: NaN is equal to nothing and greater than nothing; to DuckDB it is the greatest value."""
    if isinstance(node, exp.Anonymous) and node.name == "bq.main.ieee_divide":
        node.type = exp.DataType.build("DOUBLE")
    if not isinstance(node, exp.EQ | exp.NEQ | exp.GT | exp.GTE | exp.LT | exp.LTE):
        return node
    if isinstance(node.parent, NOT_COMPARED):
        return node
    sides = {
        exp.GT: (node.this,), exp.GTE: (node.this,),
        exp.LT: (node.expression,), exp.LTE: (node.expression,),
    }.get(type(node), (node.this, node.expression))  # fmt: skip
    floats = [side for side in sides if kind(side) in FLOATS and not _literal(side) and not _constant(side)]
    if type(node) in (exp.EQ, exp.NEQ) and any(
        _literal(s) or _constant(s) for s in (node.this, node.expression)
    ):
        return node  # no NaN is equal to a number, here as there
    if not floats or any(side.find(*NOT_REPEATED) for side in floats):
        return node
    is_nan = [exp.func("isnan", exp.cast(side.copy(), "DOUBLE")) for side in floats]
    if isinstance(node, exp.NEQ):
        return exp.Paren(this=exp.or_(node.copy(), *is_nan))
    return exp.Paren(this=exp.and_(node.copy(), *(exp.not_(found) for found in is_nan)))


def _constant(side: exp.Expression) -> bool:
    inner = side.this if isinstance(side, exp.Neg | exp.Paren) else side
    return isinstance(inner, exp.Literal | exp.Cast) and _literal(inner)


def bytes_like(node: exp.Expression, context) -> exp.Expression:
    """Node rule: LIKE of BYTES, as of texts with a character a byte; no pattern ends in a backslash."""
    if not isinstance(node, exp.Like):
        return node
    make = _pattern
    if _is_bytes(node.this):
        node.set("this", exp.func("_bqml_latin", node.this))
        make = _bytes_pattern
    pattern = node.expression
    if isinstance(pattern, exp.Any | exp.All):
        inner = pattern.this
        if isinstance(inner, exp.Tuple):
            inner.set("expressions", [make(item) for item in inner.expressions])
        elif isinstance(inner, exp.Paren):
            inner.set("this", make(inner.this))
    else:
        node.set("expression", make(pattern))
    return node


def _bytes_pattern(pattern: exp.Expression) -> exp.Expression:
    return exp.func("_bqml_latin_pattern", pattern)


def _pattern(pattern: exp.Expression) -> exp.Expression:
    """A text; only DuckDB, and not in every case, looks at its end."""
    if not isinstance(pattern, exp.Literal):
        return macro("_bqml_pattern", pattern)
    try:
        _whole(pattern.name)
    except ValueError as error:
        raise BigQueryError("invalidQuery", str(error)) from None
    return pattern


def _whole(pattern: str) -> str:
    if (len(pattern) - len(pattern.rstrip("\\"))) % 2:
        raise ValueError("LIKE pattern ends with a backslash")
    return pattern


def empty_bits(node: exp.Expression, context) -> exp.Expression:
    """Node rule: the bits of no bytes are no bytes."""
    if isinstance(node, exp.BitwiseNot) and _is_bytes(node.this):
        given = [node.this]
    elif isinstance(node, exp.BitwiseAnd | exp.BitwiseOr | exp.BitwiseXor) and _is_bytes(node.this):
        given = [node.this, node.expression]
    else:
        return node
    empty = exp.and_(
        *(exp.EQ(this=exp.func("octet_length", v.copy()), expression=exp.Literal.number(0)) for v in given)
    )
    bits = [exp.cast(value.copy(), "BIT") for value in given]
    made = type(node)(this=bits[0]) if len(bits) < 2 else type(node)(this=bits[0], expression=bits[1])
    return exp.Case(ifs=[exp.If(this=empty, true=given[0].copy())], default=exp.cast(made, "BLOB"))


def _is_bytes(node: exp.Expression) -> bool:
    return kind(node) in BYTES or (isinstance(node, exp.Anonymous) and node.name.lower() == "from_hex")


def json_literals(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: JSON '[1]'[0] is an element of the JSON; sqlglot reads one of the text."""
    for parsed in list(tree.find_all(exp.ParseJSON)):
        bracket = parsed.this
        while isinstance(bracket, exp.Bracket) and isinstance(bracket.this, exp.Bracket):
            bracket = bracket.this
        if isinstance(bracket, exp.Bracket) and bracket.this.is_string:
            outer, literal = parsed.this, bracket.this
            parsed.replace(outer)
            bracket.set("this", exp.ParseJSON(this=literal.copy()))
    return tree


def positions(node: exp.Expression, context) -> exp.Expression:
    """Node rule: SAFE_OFFSET and SAFE_ORDINAL outside of an array, and elements of JSON."""
    if not isinstance(node, exp.Bracket) or len(node.expressions) != 1:
        return node
    index = node.expressions[0]
    if kind(node.this) == Type.JSON and kind(index) in exp.DataType.INTEGER_TYPES:
        return _json_element(node.this, index)
    offset = node.args.get("offset")
    if node.args.get("safe") and offset is not None:
        inside = exp.Between(this=index.copy(), low=exp.convert(offset), high=exp.Literal.number(WIDEST - 1))
        place = exp.Add(this=exp.Paren(this=index.copy()), expression=exp.convert(1 - offset))
        bounded = exp.Case(ifs=[exp.If(this=inside, true=place)], default=exp.Literal.number(WIDEST))
        node.set("expressions", [bounded])
        node.set("offset", 1)  # sqlglot would count on only where it knows the type of the index
    return node


def _json_element(value: exp.Expression, index: exp.Expression) -> exp.Expression:
    path = exp.func(
        "concat", exp.Literal.string("$["), exp.cast(index.copy(), "VARCHAR"), exp.Literal.string("]")
    )
    inside = exp.Between(this=index.copy(), low=exp.convert(0), high=exp.Literal.number(WIDEST))
    found = exp.Anonymous(this="json_extract", expressions=[value.copy(), path])
    made = exp.Case(ifs=[exp.If(this=inside, true=found)])
    made.type = exp.DataType.build("JSON")
    return made


def install():
    """Translate before local-bigquery's own rules do."""
    statement_rules.add(json_literals, first=True)
    for rule in (numbers, finite_sums, not_a_number, bytes_like, empty_bits, positions):
        NODE_RULES.insert(0, rule)
    database_files.on_connect.append(register)
