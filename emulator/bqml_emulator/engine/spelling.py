"""Case-insensitive datasets: they and their tables are found however they are spelt.

Source: https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/datasets, isCaseInsensitive: of "the
dataset and its table names", not of routines (2026-11-27). DuckDB finds names in any case, BigQuery in their
own. So a name is written as it was when the table was made, as soon as it is known which one is meant.
"""

import re
from collections.abc import Callable

from local_bigquery.catalog import datasets, metadata, names, tables
from local_bigquery.engine import database
from local_bigquery.models import Dataset, Table

from bqml_emulator.engine import catalog_lookups

AFTER = (catalog_lookups,)  # whose answers may be older
DATASETS = (
    "SELECT project_id, dataset_id FROM emulator.datasets WHERE resource ->> '$.isCaseInsensitive' = 'true'"
)
TABLES = """
SELECT table_name FROM duckdb_tables()
WHERE database_name = $1 AND schema_name = $2 AND lower(table_name) = lower($3)
UNION ALL SELECT view_name FROM duckdb_views()
WHERE database_name = $1 AND schema_name = $2 AND lower(view_name) = lower($3)
UNION ALL SELECT table_id FROM emulator.tables
WHERE project_id = $1 AND dataset_id = $2 AND lower(table_id) = lower($3)
"""
DECORATED = re.compile(r"([^@$]*)(.*)", re.DOTALL)  # table@milliseconds, table$partition


Names = dict[tuple[str, str], str]
_version = object()  # another one after each change of a dataset
_known: tuple[object, Names] = (None, {})  # with the version of before it was read


def _insensitive() -> Names:
    """Case-insensitive datasets as they are spelt, by project and their name in lower case."""
    global _known  # noqa: PLW0603  one answer for the process
    version, found = _known
    if version is not _version:
        version = _version
        with catalog_lookups.anew():
            found = {(project, name.casefold()): name for project, name in database.fetch(DATASETS)}
        _known = version, found
    return found


def dataset(project_id: str, dataset_id: str) -> str:
    """The dataset's name as it is spelt."""
    return _insensitive().get((project_id, dataset_id.casefold()), dataset_id)


def table(project_id: str, dataset_id: str | None, table_id: str) -> tuple[str, str | None, str]:
    """A table's path as it is spelt; of one that is not there its dataset's."""
    if dataset_id is None or (project_id, dataset_id.casefold()) not in _insensitive():
        return project_id, dataset_id, table_id
    name, decorator = DECORATED.fullmatch(table_id).groups()
    found = database.fetch(TABLES, [project_id, stored := dataset(project_id, dataset_id), name])
    return project_id, stored, (found[0][0] if found else name) + decorator


def _forgetting(change: Callable) -> Callable:
    """Read the datasets anew after one of them has changed."""

    def change_and_forget(subject, *keys):
        global _version  # noqa: PLW0603
        result = change(subject, *keys)
        if subject is Dataset or isinstance(subject, Dataset):
            _version = object()
        return result

    return change_and_forget


def _exists(exists: Callable) -> Callable:
    def exists_in_any_case(project_id: str, dataset_id: str) -> bool:
        return exists(project_id, dataset(project_id, dataset_id))

    return exists_in_any_case


def _create(create: Callable) -> Callable:
    """tables.insert: a name is taken in any case."""

    def create_spelt(project_id: str, dataset_id: str, body: Table, *arguments) -> Table:
        if name := body.tableReference and body.tableReference.tableId:
            _, _, spelt = table(project_id, dataset_id, name)
            body = body.replace(tableReference=body.tableReference.replace(tableId=spelt))
        return create(project_id, dataset_id, body, *arguments)

    return create_spelt


def install():
    """Spell the tables of statements, of jobs and of tables.insert."""
    metadata.save, metadata.delete = _forgetting(metadata.save), _forgetting(metadata.delete)
    datasets.exists = _exists(datasets.exists)
    of_statement, of_job = names.reference, tables.reference
    names.reference = lambda *arguments: table(*of_statement(*arguments))
    tables.create = _create(tables.create)
    tables.reference = lambda reference: table(*of_job(reference))
