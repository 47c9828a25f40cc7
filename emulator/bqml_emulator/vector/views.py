"""INFORMATION_SCHEMA.VECTOR_INDEXES, VECTOR_INDEX_COLUMNS and VECTOR_INDEX_OPTIONS.

Columns, types and order: BQ/information-schema-vector-indexes, -vector-index-columns, -vector-index-options.
"""

import datetime

from local_bigquery.catalog import datasets
from local_bigquery.errors import BigQueryError, not_found
from sqlglot import exp

from bqml_emulator.vector import catalog, rebuild, state
from bqml_emulator.vector.catalog import VectorIndex
from bqml_emulator.vector.state import Status

IDENTITY = ["index_catalog", "index_schema", "table_name", "index_name"]
ALTERATION = (
    "STRUCT<status STRING, "
    "message STRUCT<reason STRING, location STRING, debug_info STRING, message STRING>, "
    "new_coverage_percentage INT64, start_time TIMESTAMP, end_time TIMESTAMP, ddl STRING>"
)
FLOAT64_BYTES = 8


def _timestamp(seconds: float | None) -> exp.Expression:
    if seconds is None:
        return exp.null()
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat()
    return exp.cast(exp.Literal.string(moment), exp.DataType.build("TIMESTAMPTZ"))


def _indexes(project_id: str, dataset_id: str | None) -> list[VectorIndex]:
    if dataset_id is None:
        raise BigQueryError(
            "invalid", "INFORMATION_SCHEMA views of vector indexes need a dataset as qualifier"
        )
    if not datasets.exists(project_id, dataset_id):
        raise not_found("Dataset", f"{project_id}:{dataset_id} was not found in location US")
    return [index for index in catalog.all_in(project_id, dataset_id) if catalog.has_table(index)]


def _identity(index: VectorIndex) -> list[str]:
    return [*index.reference, index.name]


def _options(index: VectorIndex) -> dict[str, str]:
    """The options in force, by name, without those that were not given and have no default text."""
    options = {
        "distance_type": index.distance_type,
        "index_type": index.index_type,
        "ivf_options": index.ivf_options,
        "tree_ah_options": index.tree_ah_options,
    }
    return {name: value for name, value in options.items() if value is not None}


def statement_text(index: VectorIndex) -> str:
    """The CREATE VECTOR INDEX statement, normalised."""
    storing = f"\nSTORING({', '.join(index.stored)})" if index.stored else ""
    options = ", ".join(
        f"{name} = {exp.Literal.string(value).sql('bigquery')}" for name, value in _options(index).items()
    )
    table = ".".join(index.reference)
    return f"CREATE VECTOR INDEX `{index.name}` ON `{table}`({index.column}){storing}\nOPTIONS ({options})"


def _indexed_bytes(index: VectorIndex, status: Status) -> int:
    built = state.lists(index)
    return status.indexed_rows * built.dimension * FLOAT64_BYTES if built else 0


def _alteration(alteration: catalog.Alteration | None) -> exp.Expression:
    """last_index_alteration_info; its message is an ErrorProto."""
    if alteration is None:
        return exp.null()
    message = exp.null()
    if alteration.message is not None:
        message = _struct(
            reason="invalid", location=exp.null(), debug_info=exp.null(), message=alteration.message
        )
    return _struct(
        status=alteration.status,
        message=message,
        new_coverage_percentage=alteration.coverage_percentage,
        start_time=_timestamp(alteration.started),
        end_time=_timestamp(alteration.ended),
        ddl=alteration.statement,
    )


def _struct(**fields) -> exp.Struct:
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name), expression=exp.convert(value))
            for name, value in fields.items()
        ]
    )


def _row(index: VectorIndex) -> list:
    status, (alteration, built) = state.status(index), rebuild.seen(index)
    created, size = _timestamp(index.created), _indexed_bytes(index, status)
    return [
        *_identity(index),
        status.condition.state,
        created,
        created,
        _timestamp(status.last_refresh),
        _timestamp(status.condition.since),
        status.condition.reason,
        statement_text(index),
        status.coverage_percentage,
        status.unindexed_rows,
        size,
        size,
        _alteration(alteration),
        _timestamp(built.trained_at if built else None),
    ]


def vector_indexes(project_id: str, dataset_id: str | None):
    """One row per vector index of the dataset."""
    columns = [
        *IDENTITY,
        "index_status",
        "creation_time TIMESTAMP",
        "last_modification_time TIMESTAMP",
        "last_refresh_time TIMESTAMP",
        "disable_time TIMESTAMP",
        "disable_reason",
        "ddl",
        "coverage_percentage INT64",
        "unindexed_row_count INT64",
        "total_logical_bytes INT64",
        "total_storage_bytes INT64",
        f"last_index_alteration_info {ALTERATION}",
        "last_model_build_time TIMESTAMP",
    ]
    return columns, [_row(index) for index in _indexes(project_id, dataset_id)]


def vector_index_columns(project_id: str, dataset_id: str | None):
    """One row per indexed column."""
    columns = [*IDENTITY, "index_column_name", "index_field_path"]
    return columns, [
        [*_identity(index), index.column, index.column] for index in _indexes(project_id, dataset_id)
    ]


def vector_index_options(project_id: str, dataset_id: str | None):
    """One row per option of each vector index."""
    columns = [*IDENTITY, "option_name", "option_type", "option_value"]
    return columns, [
        [*_identity(index), name, "STRING", value]
        for index in _indexes(project_id, dataset_id)
        for name, value in _options(index).items()
    ]


VIEWS = {
    "VECTOR_INDEXES": vector_indexes,
    "VECTOR_INDEX_COLUMNS": vector_index_columns,
    "VECTOR_INDEX_OPTIONS": vector_index_options,
}
