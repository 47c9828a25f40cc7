"""SELECT AS STRUCT is one column for DuckDB: fields in ORDER BY and GROUP BY become what they name."""

from sqlglot import exp

from bqml_emulator.core.rules import statement_rules


def name_expressions(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: put the expression of a field in the place of its name or number."""
    for select in tree.find_all(exp.Select):
        if select.args.get("kind") == "STRUCT":
            fields = {item.alias_or_name.casefold(): item.unalias() for item in select.expressions}
            for clause in (select.args.get("group"), select.args.get("order")):
                for key in clause.expressions if clause else ():
                    _replace(key.this if isinstance(key, exp.Ordered) else key, fields, select, clause)
    return tree


def _replace(
    key: exp.Expression, fields: dict[str, exp.Expression], select: exp.Select, clause: exp.Expression
):
    found: exp.Expression | None = None
    if isinstance(key, exp.Column) and not key.table:
        found = fields.get(key.name.casefold())
        if found and isinstance(clause, exp.Group):  # a column of FROM comes before a name of SELECT
            columns = found.find_all(exp.Column)
            found = None if any(c.name.casefold() == key.name.casefold() for c in columns) else found
    elif isinstance(key, exp.Literal) and key.is_int and key.to_py() <= len(select.expressions):
        found = select.expressions[key.to_py() - 1].unalias()
    if found is not None:
        key.replace(found.copy())


def install():
    """Before structs are put together."""
    statement_rules.add(name_expressions)
