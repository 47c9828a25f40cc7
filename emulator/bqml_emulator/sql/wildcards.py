"""Wildcard tables: all tables whose names begin alike, as one.

Source: https://docs.cloud.google.com/bigquery/docs/querying-wildcard-tables (2026-11-27): the columns are
those of the table that was created last, NULL where another table lacks one; columns of one name must be of
one type; a view among the tables is an error, whatever _TABLE_SUFFIX is. The case of names counts. The texts
about views and targets are ours.
"""

import functools

from duckdb.sqltypes import DuckDBPyType
from local_bigquery.catalog import metadata, names, tables
from local_bigquery.engine import database
from local_bigquery.engine.types import STANDARD, field
from local_bigquery.errors import BigQueryError
from local_bigquery.models import Table
from local_bigquery.sql.rules import NODE_RULES
from local_bigquery.sql.rules import tables as table_rules
from sqlglot import exp

from bqml_emulator.core.rules import statement_rules
from bqml_emulator.jobs import execution

SUFFIX = "_TABLE_SUFFIX"
Reference = tuple[str, str, str]


def union(node: exp.Expression, context) -> exp.Expression:
    """Node rule, in the place of local-bigquery's, which drops equal rows and ignores names of columns."""
    if not isinstance(node, exp.Table) or not node.name.endswith("*"):
        return node
    prefix = node.name.removesuffix("*")
    project, dataset, _ = names.reference(node, context.project_id, context.dataset_id)
    label = names.label(project, dataset, node.name)
    matches = _matches(project, dataset, prefix, label)
    if not matches:
        raise BigQueryError("invalid", f"{label} does not match any table.")
    columns = {match: _columns(match) for match in matches}
    shown = columns[max(matches, key=_created)]
    selects = [_select(match, columns[match], shown, match[2].removeprefix(prefix)) for match in matches]
    select = node.find_ancestor(exp.Select)
    for star in select.expressions if select is not None else ():
        if isinstance(star, exp.Star) and not star.args.get("except_"):
            star.set("except_", [exp.column(SUFFIX)])
    whole = functools.reduce(lambda left, right: exp.union(left, right, distinct=False), selects)
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(prefix or node.name, quoted=True))
    return exp.Subquery(this=whole, alias=alias)


def _matches(project: str, dataset: str, prefix: str, label: str) -> list[Reference]:
    found = [(name, kind) for name, kind, _ in database.objects(project, dataset) if name.startswith(prefix)]
    if views := [name for name, kind in found if kind == "VIEW"]:
        raise BigQueryError("invalid", f"Views cannot be queried through prefix. {label} matches {views[0]}")
    return [(project, dataset, name) for name, _ in found]


def _created(match: Reference) -> tuple[int, str]:
    resource = metadata.load(Table, *match)
    return int(resource.creationTime or 0) if resource else 0, match[2]


def _columns(match: Reference) -> dict[str, DuckDBPyType]:
    """Name and DuckDB's type of each column."""
    running = execution.current()
    cursor = running.cursor if running else database.connection().cursor()
    relation = cursor.sql(f"FROM {tables.name(*match)} LIMIT 0")
    return dict(zip(relation.columns, relation.types, strict=True))


def _select(
    match: Reference, own: dict[str, DuckDBPyType], shown: dict[str, DuckDBPyType], suffix: str
) -> exp.Select:
    spelt, values = {name.casefold(): name for name in own}, []
    for name, kind in shown.items():
        mine = spelt.get(name.casefold())
        if mine is not None and own[mine] != kind:
            text = f"Cannot read field of type {_type(own[mine])} as {_type(kind)} Field: {name}"
            raise BigQueryError("invalidQuery", text)
        value = (
            exp.cast(exp.null(), str(kind), dialect="duckdb")
            if mine is None
            else exp.column(mine, quoted=True)
        )
        values.append(exp.alias_(value, name, quoted=True))
    project, dataset, table = match
    source = exp.table_(table, db=dataset, catalog=project, quoted=True)
    return exp.select(*values, exp.alias_(exp.Literal.string(suffix), SUFFIX)).from_(source)


def _type(kind: DuckDBPyType) -> str:
    found = field("x", kind)
    name = STANDARD.get(found.type, found.type)
    return f"ARRAY<{name}>" if found.mode == "REPEATED" else name


def refuse_targets(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: no statement changes a wildcard table."""
    target = names.target(tree)
    if target is not None and target.name.endswith("*"):
        raise BigQueryError("invalidQuery", f"Wildcard table {target.name} cannot be changed")
    return tree


def install():
    """Put the rule in the place of local-bigquery's."""
    NODE_RULES[NODE_RULES.index(table_rules.wildcard_table)] = union
    statement_rules.add(refuse_targets, first=True)
