"""Statements of the pages, for whose answer a person waits."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from vitrine.collection import Collection
from vitrine.google.bigquery import Answer, BigQuery
from vitrine.google.jobs import Parameter, query_job
from vitrine.google.templates import render_statement


def ask(collection: Collection, sql: str, *parameters: Parameter, **names: Any) -> Answer:
    """Answer of BigQuery to a .sql file that reads `names`. Errors: those of BigQuery.ask."""
    configuration = query_job(render_statement(collection, sql, **names), *parameters)
    return BigQuery.of(collection).ask(configuration, label=PurePath(sql).stem)
