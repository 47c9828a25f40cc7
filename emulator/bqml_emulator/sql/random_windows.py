"""RAND() and GENERATE_UUID() in a window's ORDER BY or PARTITION BY, where DuckDB takes nothing volatile.

The values become columns of the query's source, so a row has one of its own. Where rows are made otherwise,
by joins or GROUP BY, it stays refused.
"""

from collections.abc import Iterator

from sqlglot import exp

from bqml_emulator.core.rules import statement_rules

VOLATILE = (exp.Rand, exp.Uuid)
COLUMN = "_bqml_random"


def draw_first(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: draw the numbers of a query's windows where its rows come from."""
    for select in tree.find_all(exp.Select):
        drawn = list(_drawn(select))
        source = select.args.get("from_")
        if drawn and source and not select.args.get("joins") and not select.args.get("group"):
            _draw(select, source, drawn)
    return tree


def _drawn(select: exp.Select) -> Iterator[exp.Expression]:
    for window in select.find_all(exp.Window):
        if window.parent_select is select:
            parts = [window.args.get("order"), *(window.args.get("partition_by") or [])]
            for part in parts:
                yield from part.find_all(*VOLATILE) if part else ()


def _draw(select: exp.Select, source: exp.From, drawn: list[exp.Expression]):
    names = [f"{COLUMN}_{number}" for number in range(len(drawn))]
    written = source.this.args.get("alias")
    alias = source.this.alias_or_name or (written.columns[0].name if written and written.columns else "")
    values = [value.copy().as_(name) for value, name in zip(drawn, names, strict=True)]
    inner = exp.select("*", *values).from_(source.this.copy())
    for star in select.expressions:
        inside = star.this if isinstance(star, exp.Column) else star
        if isinstance(inside, exp.Star):
            inside.set("except_", [*(inside.args.get("except_") or []), *map(exp.column, names)])
    for value, name in zip(drawn, names, strict=True):
        value.replace(exp.column(name))
    source.set("this", inner.subquery(alias or None))


def install():
    """Rewrite before anything else looks at the source."""
    statement_rules.add(draw_first, first=True)
