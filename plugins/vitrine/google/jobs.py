"""Query job configurations in the form that BigQueryInsertJobOperator and the client take.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationQuery
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from vitrine import limits
from vitrine.collection import Collection

if TYPE_CHECKING:
    from airflow.sdk.types import RuntimeTaskInstanceProtocol

Parameter = dict[str, Any]


def query_job(sql: str, *parameters: Parameter) -> dict[str, Any]:
    """Configuration of a query job: a .sql file (or rendered SQL) and its named parameters."""
    return {"query": {"query": sql, "useLegacySql": False, "queryParameters": list(parameters)}}


def uncached(configuration: dict[str, Any]) -> dict[str, Any]:
    """The same query job without BigQuery's cache, which repeats an answer until the tables change.

    https://docs.cloud.google.com/bigquery/docs/cached-results
    """
    return {"query": {**configuration["query"], "useQueryCache": False}}


def limited(configuration: dict[str, Any], maximum_bytes_billed: int | None) -> dict[str, Any]:
    """The same query job, which fails before it bills anything if it would bill more. None: no limit.

    https://docs.cloud.google.com/bigquery/docs/best-practices-costs
    """
    if maximum_bytes_billed is None:
        return configuration
    return {"query": {**configuration["query"], "maximumBytesBilled": str(maximum_bytes_billed)}}


def with_parameters(configuration: dict[str, Any], *parameters: Parameter) -> dict[str, Any]:
    """The same query job with more parameters."""
    query = configuration["query"]
    return {"query": {**query, "queryParameters": [*query["queryParameters"], *parameters]}}


def string(name: str, value: str) -> Parameter:
    """A STRING parameter; the value may be a Jinja template."""
    return _scalar(name, "STRING", value)


def int64(name: str, value: int | str | None) -> Parameter:
    """An INT64 parameter; the value may be a Jinja template that renders to a whole number. None is NULL."""
    return _scalar(name, "INT64", None if value is None else str(value))


def float64(name: str, value: float | None) -> Parameter:
    """A FLOAT64 parameter. None is NULL."""
    return _scalar(name, "FLOAT64", None if value is None else str(value))


def boolean(name: str, value: bool | str) -> Parameter:
    """A BOOL parameter; the value may be a Jinja template that renders to true or false."""
    return _scalar(name, "BOOL", value if isinstance(value, str) else str(value).lower())


def timestamp(name: str, value: str) -> Parameter:
    """A TIMESTAMP parameter from an ISO 8601 text."""
    return _scalar(name, "TIMESTAMP", value)


def strings(name: str, values: Iterable[str]) -> Parameter:
    """An ARRAY<STRING> parameter."""
    return _array(name, "STRING", values)


def float64s(name: str, values: Iterable[float]) -> Parameter:
    """An ARRAY<FLOAT64> parameter, without loss of precision."""
    return _array(name, "FLOAT64", map(repr, values))


def structs(name: str, rows: Sequence[Sequence[Parameter]]) -> Parameter:
    """An ARRAY<STRUCT> parameter of at least one row; the parameters in a row are its fields."""
    fields = [{"name": field["name"], "type": field["parameterType"]} for field in rows[0]]
    return {
        "name": name,
        "parameterType": {"type": "ARRAY", "arrayType": {"type": "STRUCT", "structTypes": fields}},
        "parameterValue": {
            "arrayValues": [
                {"structValues": {field["name"]: field["parameterValue"] for field in row}} for row in rows
            ]
        },
    }


def _array(name: str, type_name: str, values: Iterable[str]) -> Parameter:
    return {
        "name": name,
        "parameterType": {"type": "ARRAY", "arrayType": {"type": type_name}},
        "parameterValue": {"arrayValues": [{"value": value} for value in values]},
    }


def _scalar(name: str, type_name: str, value: str | None) -> Parameter:
    return {"name": name, "parameterType": {"type": type_name}, "parameterValue": {"value": value}}


def model(collection: Collection) -> Parameter:
    """The parameter `model`: the vector space in use."""
    return string("model", collection.model.id)


def content_types(collection: Collection) -> Parameter:
    """The parameter `content_types`: the media types of images, which embed/parts/is_image.sql reads."""
    aliases = [limits.MEDIA_TYPE_ALIASES.get(name, name) for name in collection.content_types]
    return strings("content_types", dict.fromkeys([*collection.content_types, *aliases]))


# The parameter `run_id`: the DAG run that runs the statement.
RUN_ID: Final = string("run_id", "{{ run_id }}")


def label(value: str) -> str:
    """A label's value that stands for a text and begins like it.

    Capitals become small, other characters that BigQuery refuses become underscores, and what is too long is
    cut; a hash then keeps different texts apart.

    >>> label("embed_images__met")
    'embed_images__met'
    >>> label("pass_1.embed_batch")
    'pass_1_embed_batch-f5e05bcc'
    """
    clean = re.sub(r"[^a-z0-9_-]", "_", value.lower())[: limits.MAX_LABEL_LENGTH]
    if clean == value:
        return value
    suffix = f"-{_short_hash(value)}"
    return clean[: limits.MAX_LABEL_LENGTH - len(suffix)] + suffix


def task_labels(ti: RuntimeTaskInstanceProtocol) -> dict[str, str]:
    """Labels of the jobs of a task: `label` of the ids of its DAG, of itself and of its run."""
    return {
        "vitrine_dag": label(ti.dag_id),
        "vitrine_task": label(ti.task_id),
        "vitrine_run": label(ti.run_id),
    }


def job_id(*parts: str | int) -> str:
    """A job id made of parts that say what the job is for. Different parts always give different ids.

    Characters that BigQuery refuses become underscores; a hash then keeps the ids distinct.

    >>> job_id("vitrine", "embed_images__met", 1)
    'vitrine-embed_images__met-1'
    >>> job_id("vitrine", "manual__2026-11-22T09:45:00+00:00")
    'vitrine-manual__2026_11_22T09_45_00_00_00-caec5f1d'
    """
    given = [str(part) for part in parts]
    clean = [re.sub(r"[^A-Za-z0-9_]", "_", part) for part in given]
    if clean != given:
        clean.append(_short_hash("\0".join(given)))
    return "-".join(clean)


def _short_hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]
