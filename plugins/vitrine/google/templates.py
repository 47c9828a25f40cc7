"""The .sql files as templates: the names they may use, and rendering them outside a DAG."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound

from vitrine.collection import Collection
from vitrine.errors import SettingsError


def macros(collection: Collection) -> dict[str, Any]:
    """Names that the .sql files and templated fields may use in addition to Airflow's own."""
    return {
        "collection": collection,
        "table": collection.table,
        "vector_search_options": vector_search_options,
    }


def vector_search_options(share: float | None, use_brute_force: bool = False) -> str:
    """The JSON literal for VECTOR_SEARCH's `options`: brute force, or a share of the index's lists.

    Neither `options` nor `top_k` may be a query parameter.
    https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/search_functions#vector_search

    >>> vector_search_options(0.1)
    '{"fraction_lists_to_search": 0.1}'
    """
    if use_brute_force:
        return json.dumps({"use_brute_force": True})
    return json.dumps({} if share is None else {"fraction_lists_to_search": share})


@cache
def _environment(sql_dir: str) -> Environment:
    return Environment(loader=FileSystemLoader(sql_dir), undefined=StrictUndefined)


def render_statement(collection: Collection, sql: str, **names: Any) -> str:
    """Render a .sql file, e.g. "pages/search_by_text.sql", with `names` in addition to the macros.

    Errors: SettingsError if there is no such file.
    """
    return render(collection.sql_dir, sql, macros(collection) | names)


def render(sql_dir: str, sql: str, names: dict[str, Any]) -> str:
    """Render a .sql file of a folder, with these names only. Errors: see `render_statement`."""
    try:
        return _environment(sql_dir).get_template(sql).render(names)
    except TemplateNotFound as error:
        raise SettingsError(
            f"The statement {error.name} is not in VITRINE_SQL_DIR, {sql_dir!r}: "
            "put the folder include/sql of this version there."
        ) from error
