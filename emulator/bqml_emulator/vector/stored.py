"""What the columns named in STORING do for a search, and what its job statistics say about it.

BQ/vector-index, "Pre-filter with stored columns": an IVF index answers alone when it stores all columns that
are selected from `base`; any index filters before the search when it stores all columns of the filter. Fields
and codes: https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/Job#StoredColumnsUsage (2026-08-22).
"""

from sqlglot import exp

from bqml_emulator.core import limits
from bqml_emulator.vector.catalog import VectorIndex


def columns(index: VectorIndex) -> set[str]:
    """The columns that the index holds, the indexed one among them, in lower case."""
    return {name.casefold() for name in [*index.stored, index.column]}


def table_reference(reference: tuple[str, str, str]) -> dict[str, str]:
    """TableReference of the REST API."""
    return dict(zip(("projectId", "datasetId", "tableId"), reference, strict=True))


def selected(call: exp.Expression, base_columns: list[str]) -> list[str]:
    """The columns of `base` that the query around a search may ask for."""
    query, found = call.find_ancestor(exp.Select), set()
    holder = call.parent
    if query is None or holder.args.get("pivots"):
        return base_columns
    for item in query.find_all(exp.Star, exp.Column, exp.Join):
        if not _is_within(item, call):
            found |= _fields(item, holder.alias_or_name.casefold())
    if "*" in found:
        return base_columns
    return [name for name in base_columns if name.casefold() in found]


def _is_within(node: exp.Expression, holder: exp.Expression) -> bool:
    while node is not None and node is not holder:
        node = node.parent
    return node is holder


def _fields(item: exp.Expression, search: str) -> set[str]:
    """The fields of `base` that a column, star or JOIN … USING stands for, in lower case; * for all of them.

    `search` is the alias of the search, which may be used as one value.
    """
    if isinstance(item, exp.Join):
        return {"*"} if "base" in [name.name.casefold() for name in item.args.get("using") or []] else set()
    if isinstance(item, exp.Star):
        return set() if isinstance(item.parent, exp.Column | exp.Count) else {"*"}
    parts = [part.name.casefold() for part in item.parts]
    if "base" in parts:
        return set(parts[parts.index("base") + 1 :][:1] or ["*"])
    return {"*"} if parts == [search] or (parts[-1] == "*" and parts[0] != "query") else set()


def usage(index: VectorIndex, filtered: set[str], wanted: set[str]) -> dict | None:
    """StoredColumnsUsage of a search with the index; None when it stores no columns.

    `filtered` and `wanted` are the columns that the filter and `base` need, in lower case.
    """
    if not index.stored:
        return None
    stored = columns(index)
    missing = sorted((filtered | wanted) - stored)
    found = {"baseTable": table_reference(index.reference)}
    if (filtered and filtered <= stored) or (index.index_type == "IVF" and not missing):
        return found | {"isQueryAccelerated": True}
    return found | {"isQueryAccelerated": False, "storedColumnsUnusedReasons": [_reason(missing)]}


def _reason(missing: list[str]) -> dict:
    if not missing:
        return {"code": "OTHER_REASON", "message": limits.STORED_COLUMNS_TREE_AH}
    return {
        "code": "STORED_COLUMNS_COVER_INSUFFICIENT",
        "message": limits.STORED_COLUMNS_UNCOVERED,
        "uncoveredColumns": missing[: limits.MAX_UNCOVERED_COLUMNS],
    }
