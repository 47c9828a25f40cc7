"""The .sql files as the pages send them: rendered outside of a DAG, with the names that DAGs use."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound

from vitrine.bigquery import Answer, BigQuery
from vitrine.defaults import macros
from vitrine.errors import SettingsError
from vitrine.jobs import Parameter, query_job
from vitrine.settings import Settings


@cache
def _environment(settings: Settings) -> Environment:
    environment = Environment(loader=FileSystemLoader(settings.sql_dir), undefined=StrictUndefined)
    environment.globals |= macros(settings)
    return environment


def render(settings: Settings, sql: str, **names: Any) -> str:
    """Text of a .sql file, e.g. "search_page/search_by_text.sql", that reads `names` besides the macros.

    Errors: SettingsError where there is no such file.
    """
    try:
        return _environment(settings).get_template(sql).render(names)
    except TemplateNotFound as error:
        raise SettingsError(
            f"The statement {error.name} is not in VITRINE_SQL_DIR, {settings.sql_dir!r}: "
            "put the folder include/sql of this version there."
        ) from error


def ask(settings: Settings, sql: str, *parameters: Parameter, **names: Any) -> Answer:
    """Answer of BigQuery to a .sql file. Errors: those of BigQuery.ask."""
    bigquery = BigQuery(settings.gcp_conn_id, settings.project, settings.location)
    label = sql.partition("/")[0]
    return bigquery.ask(query_job(render(settings, sql, **names), *parameters), label)
