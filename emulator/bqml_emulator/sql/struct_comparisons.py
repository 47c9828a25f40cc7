"""A STRUCT that is written out is compared field by field: NULL in one field makes the answer NULL.

Source: BQ operators, comparison and IN (2026-08-22). To DuckDB, two NULL fields are equal. BigQuery goes by
the position of fields.
"""

from sqlglot import exp

from bqml_emulator.core.rules import statement_rules
from bqml_emulator.sql.numbers import NOT_COMPARED

EACH = "each_of_them"


def by_fields(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: `=`, `!=` and IN with a STRUCT or (a, b) on one side."""
    for node in list(tree.find_all(exp.EQ, exp.NEQ, exp.In)):
        if isinstance(node.parent, NOT_COMPARED) or not _comparable(node):
            continue
        if isinstance(node, exp.In):
            made = _among(node)
        else:
            made = _equal(node.this, node.expression)
            made = exp.not_(made) if isinstance(node, exp.NEQ) else made
        node.replace(exp.Paren(this=made))
    return tree


def _fields(value: exp.Expression) -> list[exp.Expression] | None:
    """The values of a STRUCT that is written out."""
    while isinstance(value, exp.Paren):
        value = value.this
    if not isinstance(value, exp.Struct | exp.Tuple):
        return None
    return [
        field.expression if isinstance(field, exp.PropertyEQ) else field.unalias()
        for field in value.expressions
    ]


def _comparable(node: exp.Expression) -> bool:
    if isinstance(node, exp.In):
        return _fields(node.this) is not None and node.args.get("query") is None
    return _fields(node.this) is not None or _fields(node.expression) is not None


def _equal(one: exp.Expression, other: exp.Expression) -> exp.Expression:
    if isinstance(one, exp.Null) or isinstance(other, exp.Null):
        return exp.cast(exp.null(), "BOOL")
    left, right = _fields(one), _fields(other)
    if left is None and right is None:
        return exp.EQ(this=one.copy(), expression=other.copy())
    count = len(left or right)
    pairs = zip(left or _parts(one, count), right or _parts(other, count), strict=True)
    return exp.and_(*(exp.Paren(this=_equal(a, b)) for a, b in pairs))


def _parts(value: exp.Expression, count: int) -> list[exp.Expression]:
    positions = (exp.Literal.number(position) for position in range(1, count + 1))
    return [_call("struct_extract_at", value, position) for position in positions]


def _call(name: str, *values: exp.Expression) -> exp.Anonymous:
    """A function of DuckDB's, under its own name."""
    return exp.Anonymous(this=name, expressions=[value.copy() for value in values])


def _any(conditions: list[exp.Expression]) -> exp.Expression:
    """OR of them all, in halves: a chain of a thousand would be too deep for Python."""
    if len(conditions) == 1:
        return conditions[0]
    middle = len(conditions) // 2
    return exp.or_(_any(conditions[:middle]), _any(conditions[middle:]), copy=False)


def _among(node: exp.In) -> exp.Expression:
    unnest = node.args.get("unnest")
    if unnest is None:
        return _any([exp.Paren(this=_equal(node.this, item)) for item in node.expressions])
    equal = _equal(node.this, exp.column(EACH))
    array = unnest.expressions[0].copy()
    found = _call("list_transform", array, exp.Lambda(this=equal, expressions=[exp.to_identifier(EACH)]))
    is_there = _call("list_contains", found, exp.true())
    unknown = exp.LT(this=_call("list_count", found), expression=_call("len", found))
    ifs = [exp.If(this=is_there, true=exp.true()), exp.If(this=unknown, true=exp.null())]
    return exp.Case(ifs=ifs, default=exp.false())


def install():
    """Before the fields of a STRUCT get names, by which DuckDB would compare them."""
    statement_rules.add(by_fields, first=True)
