"""FOR SYSTEM_TIME AS OF: a table as it was at a time, as long as it has not been changed since.

Sources (2026-08-22): BQ query-syntax#for_system_time_as_of and BQ access-historical-data. Earlier versions
are not kept: what was changed since is refused, never answered with what is there now. When a table was
changed is known from the start of the process on (`engine.table_changes`).
"""

import re

import sqlglot
from local_bigquery.catalog import metadata, names, tables
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import copy
from local_bigquery.models import Table
from local_bigquery.sql.rules.tables import DECORATOR, resolve
from local_bigquery.sql.translate import translate
from sqlglot import exp

from bqml_emulator.core import expressions, limits
from bqml_emulator.core.rules import statement_rules
from bqml_emulator.engine.table_changes import Keys, changes, now
from bqml_emulator.jobs import execution

ZONELESS = re.compile(r"\s*\d+-\d+-\d+(?:[Tt ]+[\d:.]+)?\s*$")


def check(keys: Keys, moment: float):
    """Refuse a time (milliseconds since 1970) of which the table is not known to be as it is now."""
    asked = now()
    label = names.label(*keys)
    if moment > asked:
        raise BigQueryError("invalidQuery", limits.SNAPSHOT_IN_FUTURE.format(time=int(moment), table=label))
    stored = metadata.load(Table, *keys)
    if stored and stored.type == "EXTERNAL":
        raise BigQueryError("invalidQuery", limits.SNAPSHOT_EXTERNAL.format(table=label))
    oldest = asked - limits.TIME_TRAVEL_HOURS * 3_600_000
    if stored and stored.creationTime and not changes.was_replaced(keys):
        oldest = max(oldest, float(stored.creationTime))
    if moment < oldest:
        message = limits.SNAPSHOT_TOO_OLD.format(time=int(moment), table=label, oldest=int(oldest))
        raise BigQueryError("invalidQuery", message)
    if moment < changes.last(keys):
        raise BigQueryError("invalidQuery", limits.NO_EARLIER_VERSION.format(table=label))


def travel(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: read the table that is there now, where it is the one of that time."""
    asked = [table for table in tree.find_all(exp.Table) if table.args.get("version")]
    if not asked:
        return tree
    expressions.name_placeholders(tree, context)
    ctes = {cte.alias_or_name.casefold() for cte in tree.find_all(exp.CTE)}
    moments: dict[Keys, float] = {}
    for table in asked:
        keys = resolve(table, context, ctes)
        if keys is None or not all(keys):
            name = table.sql("bigquery").split(" FOR ")[0]
            raise BigQueryError("invalidQuery", f"FOR SYSTEM_TIME AS OF needs a stored table, not {name}")
        moment = _moment(table.args["version"].expression, context)
        if moments.setdefault(keys, moment) != moment:
            raise BigQueryError("invalidQuery", limits.SNAPSHOT_AMBIGUOUS.format(table=names.label(*keys)))
    for table in tree.find_all(exp.Table):
        if not table.args.get("version") and resolve(table, context, ctes) in moments:
            message = limits.SNAPSHOT_AMBIGUOUS.format(table=table.name)
            raise BigQueryError("invalidQuery", message)
    for keys, moment in moments.items():
        if tables.exists(*keys):  # else "not found" comes of itself
            _check_kind(keys)
            check(keys, moment)
    for table in asked:
        table.set("version", None)
    return tree


def _check_kind(keys: Keys):
    kind = tables.load(*keys).type
    if kind not in ("TABLE", "EXTERNAL", "SNAPSHOT"):
        message = f"not emulated: FOR SYSTEM_TIME AS OF of {kind.lower()} {names.label(*keys)}"
        raise BigQueryError("invalidQuery", message)


def _moment(expression: exp.Expression, context) -> float:
    """The constant expression's time, in milliseconds since 1970."""
    running = execution.current()
    if running is None:
        raise BigQueryError("invalidQuery", "not emulated: FOR SYSTEM_TIME AS OF in a view made by the API")
    if expression.find(exp.Query):
        raise BigQueryError("invalidQuery", "FOR SYSTEM_TIME AS OF needs a constant expression, no subquery")
    if isinstance(expression, exp.Literal) and expression.is_string and ZONELESS.match(expression.name):
        zoned = f"SELECT TIMESTAMP({expression.sql('bigquery')}, '{limits.TIME_TRAVEL_ZONE}')"
        query = sqlglot.parse_one(zoned, dialect="bigquery")
    else:
        query = exp.select(expression.copy())
    used = set(context.used)
    sql, bound = translate(query, context)
    context.used.clear()
    context.used.update(used)
    wrapped = f"SELECT epoch_us(CAST(({sql}) AS TIMESTAMPTZ)) / 1000"
    [(moment,)] = running.cursor.execute(wrapped, bound).fetchall()
    if moment is None:
        raise BigQueryError("invalidQuery", "FOR SYSTEM_TIME AS OF must not be NULL")
    return moment


def decorated(project_id: str, dataset_id: str, table_id: str) -> str | None:
    """The source of a copy job that is written table@time, as DuckDB's name of the table; None for others."""
    match = DECORATOR.match(table_id)
    if match is None:
        return None
    keys, moment = (project_id, dataset_id, match[1]), float(match[2])
    if not tables.exists(*keys):
        raise BigQueryError(
            "notImplemented", f"not emulated: restoring the deleted table {names.label(*keys)}"
        )
    if moment <= 0:
        moment += now() if moment else changes.last(keys)
    check(keys, moment)
    return tables.name(*keys)


def install():
    """Answer FOR SYSTEM_TIME AS OF and copies of table@time."""
    statement_rules.add(travel, first=True)
    copy.decorated = decorated
