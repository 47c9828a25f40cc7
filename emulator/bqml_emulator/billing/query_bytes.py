"""Bytes that a statement processes and is billed for, known before it runs.

Sources (2026-08-22): https://docs.cloud.google.com/bigquery/docs/data-manipulation-language (bytes of DML:
the columns read, and for UPDATE, DELETE and a MERGE with either of them the whole target as it was) and
https://docs.cloud.google.com/bigquery/docs/best-practices-costs (10 MiB at least for each table and query).
https://docs.cloud.google.com/bigquery/docs/multi-statement-queries: the expressions of DECLARE, SET, IF and
WHILE cost what their tables cost. A limit on the bill holds for each statement and each expression: whether
it holds for a whole script no page says.
A column counts as read when its name occurs in the SELECT that has the table in its FROM, subqueries
included; of a view, those that its columns named there are made of. Object tables and vector indexes are not
counted, so a query over them shows less than BigQuery would bill. Of partitions and clusters only what the
filters leave is counted (see `pruning`); a dry run and the limit on the bill go by an estimate that knows of
partitions alone.
"""

import contextlib
from dataclasses import dataclass, field
from typing import NamedTuple

import duckdb
from local_bigquery import models
from local_bigquery.catalog import metadata, names, tables
from local_bigquery.engine import database
from local_bigquery.engine.database import quote
from local_bigquery.errors import BigQueryError
from local_bigquery.models import JobConfigurationQuery, JobStatistics2
from local_bigquery.sql.rules.tables import resolve
from local_bigquery.sql.translate import Context, parse
from sqlglot import exp

from bqml_emulator.billing import pruning
from bqml_emulator.billing.vector_bytes import remembered_bytes
from bqml_emulator.core import limits
from bqml_emulator.engine import catalog_lookups

Table = tuple[str, str, str]
Columns = set[str] | None  # None: all
READERS = (exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Export)
DEFINITIONS = ("VIEW", "FUNCTION", "PROCEDURE", "MODEL")
KEYS = ("totalBytesProcessed", "totalBytesBilled")


class Read(NamedTuple):
    """Logical bytes of a table that a statement reads: as estimated before it runs, and in fact."""

    estimated: int
    processed: int


@dataclass
class Part:
    """The columns of a table and, for each of its places in a statement, the rows that are read there."""

    columns: Columns = field(default_factory=set)
    rows: list[pruning.Rows] = field(default_factory=list)


@catalog_lookups.asking_once
def measure(tree: exp.Expression, context, cursor: duckdb.DuckDBPyConnection) -> list[Read]:
    """What is read of each table, in no order; tables that cannot be measured are left out.

    `cursor` is the one that runs the statement and knows the variables of its script.
    """
    if tree.args.get("kind") in DEFINITIONS or (isinstance(tree, exp.Create) and tree.expression is None):
        return []
    if not isinstance(tree, (*READERS, exp.Create, exp.Condition)):
        return []
    read: dict[Table, Part] = {}
    _collect(tree, context, cursor, read)
    return [_bytes(keys, part) for keys, part in read.items()]


def _collect(tree: exp.Expression, context, cursor: duckdb.DuckDBPyConnection, read: dict[Table, Part]):
    """Add what a statement or the query of a view reads of each table."""
    target, whole = names.target(tree), _rewrites(tree)
    ctes = {cte.alias_or_name.casefold() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        is_target = table is target
        if is_target and not isinstance(tree, exp.Merge) and not whole:
            continue
        keys = resolve(table, context, ctes)
        if not keys or not all(keys):
            continue
        columns = None if is_target and whole else _columns(table, tree)
        if view := _view_query(keys):
            _collect(_pruned(view, columns), Context(*keys[:2]), cursor, read)
        else:
            part = read.setdefault(keys, Part())
            part.columns = None if None in (part.columns, columns) else part.columns | columns
            part.rows.append(_rows(table, keys, context, cursor))


def _rows(table: exp.Table, keys: Table, context, cursor: duckdb.DuckDBPyConnection) -> pruning.Rows:
    stored = metadata.load(models.Table, *keys)
    if not stored or not (stored.timePartitioning or stored.clustering):
        return pruning.Rows()
    with database.cursor() as reader:
        relation = reader.sql(f"SELECT * FROM {tables.name(*keys)} LIMIT 0")
        kinds = {
            name.casefold(): str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)
        }
    return pruning.rows(table, stored, kinds, context, cursor)


def _view_query(keys: Table) -> exp.Expression | None:
    if [kind for _, kind, _ in database.objects(*keys)] != ["VIEW"]:
        return None
    view = tables.load(*keys).view
    return parse(view.query)[0] if view and view.query else None


def _pruned(view: exp.Expression, columns: Columns) -> exp.Expression:
    """The query of a view without the columns that nobody reads."""
    if columns is None or not isinstance(view, exp.Select) or view.args.get("distinct"):
        return view
    if view.is_star:
        return view.select(*(exp.column(name, quoted=True) for name in columns), append=False)
    kept = [item for item in view.expressions if item.alias_or_name.casefold() in columns]
    return view.select(*kept or [exp.null()], append=False)


def _rewrites(tree: exp.Expression) -> bool:
    """Whether the statement is billed for the whole of its target."""
    if isinstance(tree, exp.Merge):
        return any(not isinstance(when.args.get("then"), exp.Insert) for when in tree.find_all(exp.When))
    return isinstance(tree, exp.Update | exp.Delete)


def _columns(table: exp.Table, tree: exp.Expression) -> Columns:
    """The columns that a statement reads of a table in it: what is outside of its SELECT cannot name them."""
    select = table.parent_select or tree
    stars = [star for star in select.find_all(exp.Star) if not isinstance(star.parent, exp.Count)]
    return None if any(_takes(star, table, select) for star in stars) else _names(select)


def _takes(star: exp.Star, table: exp.Table, select: exp.Expression) -> bool:
    """Whether a star in a SELECT, or in a subquery of it, stands for the columns of a table of its FROM."""
    if isinstance(star.parent, exp.Column):  # alias.*
        return star.parent.table.casefold() == table.alias_or_name.casefold()
    return star.parent_select in (select, None)


def _names(tree: exp.Expression) -> set[str]:
    """Everything that may name a column; the functions of embeddings and searches name some in strings."""
    found = {name.name.casefold() for name in tree.find_all(exp.Identifier)}
    return (
        found | {text.name.casefold() for text in tree.find_all(exp.Literal) if text.is_string} | {"content"}
    )


def _bytes(keys: Table, part: Part) -> Read:
    """The bytes of some columns (None: of all) and rows, 0 when the table is none that can be measured."""
    name, columns = tables.name(*keys), part.columns
    estimated = " OR ".join(f"({rows.partitions})" for rows in part.rows)
    processed = " OR ".join(f"({rows.partitions} AND {rows.blocks})" for rows in part.rows)
    is_clustered = any(rows.blocks != "true" for rows in part.rows)
    with database.cursor() as cursor, contextlib.suppress(duckdb.Error):
        if [kind for _, kind, _ in database.objects(*keys)] != ["TABLE"]:
            return Read(0, 0)
        found = cursor.sql(f"SELECT * FROM {name} LIMIT 0").columns
        chosen = [quote(column) for column in found if columns is None or column.casefold() in columns]
        if not chosen:
            return Read(0, 0)
        selected = f"SELECT {', '.join(chosen)} FROM {name} WHERE"
        most = remembered_bytes(cursor, f"({selected} {estimated})", keys)
        if is_clustered:
            return Read(most, remembered_bytes(cursor, f"({selected} {processed})", keys))
        return Read(most, most)
    return Read(0, 0)


def billed(read: list[int]) -> int:
    """Bytes on the bill: whole MiB, 10 at least, for each table of which anything is read."""
    steps = [-(-size // limits.BILLING_STEP_BYTES) * limits.BILLING_STEP_BYTES for size in read if size]
    return sum(max(limits.BILLING_MIN_BYTES, step) for step in steps)


def check_limit(read: list[Read], config: JobConfigurationQuery):
    """Refuse a statement that may cost more than its job may, before it runs and is billed."""
    limit, needed = config.maximumBytesBilled, billed([part.estimated for part in read])
    if limit is not None and needed > int(limit):
        message = limits.BYTES_BILLED.format(limit=limit, needed=needed)
        raise BigQueryError("bytesBilledLimitExceeded", message)


def add(statistics: JobStatistics2, read: list[Read], dry_run: bool) -> JobStatistics2:
    """The statistics of a statement with its bytes; a dry run is an estimate and not billed."""
    sizes = [part.estimated if dry_run else part.processed for part in read]
    values = (sum(sizes), 0 if dry_run else billed(sizes))
    return statistics.replace(**{key: str(value) for key, value in zip(KEYS, values, strict=True)})


def total(
    statistics: JobStatistics2, children: list[JobStatistics2], expressions: list[list[Read]]
) -> JobStatistics2:
    """The statistics of a script with the bytes of its statements and of its expressions."""
    if not children and not expressions:
        return statistics
    processed, paid = (sum(int(getattr(child, key) or 0) for child in children) for key in KEYS)
    sizes = [[part.processed for part in read] for read in expressions]
    processed, paid = processed + sum(map(sum, sizes)), paid + sum(map(billed, sizes))
    return statistics.replace(totalBytesProcessed=str(processed), totalBytesBilled=str(paid))
