"""Whether a search uses a vector index, and what its job statistics say about it."""

from dataclasses import dataclass

from local_bigquery.catalog import names
from sqlglot import exp

from bqml_emulator.core import limits
from bqml_emulator.vector import catalog, state, stored
from bqml_emulator.vector.arguments import Arguments
from bqml_emulator.vector.catalog import VectorIndex
from bqml_emulator.vector.state import Status

UNUSED, PARTIALLY_USED, FULLY_USED = "UNUSED", "PARTIALLY_USED", "FULLY_USED"
Reference = tuple[str, str, str]


@dataclass(frozen=True)
class Base:
    """The base of a search: a relation, and the one standard table it selects from, if that is all it does.

    `select` is the base query (or SELECT * FROM table); `alias` names the table inside it.
    """

    relation: exp.Expression
    select: exp.Select | None = None
    alias: str = ""
    reference: Reference | None = None

    @property
    def where(self) -> exp.Where | None:
        return self.select.args.get("where") if self.select else None

    def source_of(self, column: str) -> str | None:
        """The table's column behind an output column, None when it is computed."""
        for item in self.select.expressions if self.select else []:
            if isinstance(item, exp.Star) or item.is_star:
                return column
            if item.alias_or_name.casefold() == column.casefold():
                node = item.unalias()
                return node.name if isinstance(node, exp.Column) else None
        return None

    def filter_columns(self) -> set[str]:
        """The columns that WHERE looks at, in lower case."""
        return {column.name.casefold() for column in self.where.find_all(exp.Column)} if self.where else set()


@dataclass(frozen=True)
class Plan:
    """How one search runs. `key` names the lists to use; None: every row is compared."""

    distance_type: str
    key: str | None = None
    fraction: float = limits.DEFAULT_FRACTION_LISTS_TO_SEARCH
    filter_first: bool = True
    mode: str = UNUSED
    reason: dict | None = None
    stored_usage: dict | None = None


def plan(base: Base, column: str, arguments: Arguments, selected: list[str]) -> Plan:
    """Decide as BigQuery documents it; `column` is searched, `selected` are the base's columns asked for."""
    index = catalog.on_table(*base.reference) if base.reference else None
    refusal = _refusal(base, column, arguments, index)
    status = None if refusal else state.status(index)
    if refusal := refusal or _unready(status):
        code, why = refusal
        return Plan(
            arguments.distance_type or limits.DISTANCE_TYPES[0], reason=_reason(base, index, code, why)
        )
    filtered = base.filter_columns()
    wanted = {(base.source_of(name) or name).casefold() for name in selected}
    return Plan(
        arguments.distance_type or index.distance_type,
        key=state.search_key(index),
        fraction=arguments.fraction or limits.DEFAULT_FRACTION_LISTS_TO_SEARCH,
        filter_first=filtered <= stored.columns(index),
        mode=PARTIALLY_USED if status.unindexed_rows else FULLY_USED,
        stored_usage=stored.usage(index, filtered, wanted),
    )


def _refusal(
    base: Base, column: str, arguments: Arguments, index: VectorIndex | None
) -> tuple[str, str] | None:
    """The IndexUnusedReason code and its words, None when the index can be used."""
    if arguments.use_brute_force:
        return "INDEX_SUPPRESSED_BY_FUNCTION_OPTION", limits.NOT_USED_BRUTE_FORCE
    source = base.source_of(column)
    if index is None or (source or "").casefold() != index.column.casefold():
        return "INDEX_CONFIG_NOT_AVAILABLE", limits.NOT_USED_NO_INDEX
    if base.where and (base.where.find(exp.Query) or index.column.casefold() in base.filter_columns()):
        return "UNSUPPORTED_SEARCH_PATTERN", limits.NOT_USED_PATTERN
    return None


def _unready(status: Status) -> tuple[str, str] | None:
    """The same of an index that could be used, by its state."""
    if status.too_small:
        return "BASE_TABLE_TOO_SMALL", limits.NOT_USED_TOO_SMALL
    if status.condition.disabled:
        reason = limits.NOT_USED_DISABLED.format(reason=status.condition.reason)
        return status.condition.code, reason
    if not status.usable:
        return "PENDING_INDEX_CREATION", limits.NOT_USED_PENDING
    return None


def _reason(base: Base, index: VectorIndex | None, code: str, why: str) -> dict:
    """IndexUnusedReason of the REST API."""
    label = names.label(*base.reference) if base.reference else base.relation.sql("bigquery")
    reason = {"code": code, "message": limits.INDEX_NOT_USED.format(table=label, reason=why)}
    if base.reference:
        reason["baseTable"] = stored.table_reference(base.reference)
    return reason | ({"indexName": index.name} if index else {})


def statistics(plans: list[Plan]) -> dict:
    """VectorSearchStatistics of the REST API for all searches of one statement."""
    modes = {plan.mode for plan in plans}
    mode = modes.pop() if len(modes) == 1 else PARTIALLY_USED
    reasons = [plan.reason for plan in plans if plan.reason]
    usages = [plan.stored_usage for plan in plans if plan.stored_usage]
    found = {"indexUsageMode": mode, "indexUnusedReasons": reasons, "storedColumnsUsages": usages}
    return {name: value for name, value in found.items() if value}
