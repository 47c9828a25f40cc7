"""CREATE, ALTER and DROP VECTOR INDEX, and the INFORMATION_SCHEMA views about them."""

import json
from typing import Any

from local_bigquery.catalog import indexes, metadata, names, tables
from local_bigquery.engine import database
from local_bigquery.engine.database import quote
from local_bigquery.errors import BigQueryError, already_exists
from local_bigquery.models import JobStatistics2, TableFieldSchema
from local_bigquery.sql.rules.information_schema import VIEWS

from bqml_emulator.core import faults, limits
from bqml_emulator.core.statement import Statement
from bqml_emulator.engine import database_files, spelling
from bqml_emulator.vector import catalog, maintenance, nearby, quota, rebuild, views
from bqml_emulator.vector.arguments import distance_type, invalid
from bqml_emulator.vector.catalog import VectorIndex

OPTIONS = ("index_type", "distance_type", "ivf_options", "tree_ah_options")


def ddl(
    command: str, keyword: str, project_id: str, dataset_id: str | None, dry_run: bool
) -> JobStatistics2 | None:
    """Run one VECTOR INDEX statement; None when the command is something else."""
    if "VECTOR" not in command.upper():
        return None
    statement = Statement(command)
    replace = keyword == "CREATE" and statement.match("OR", "REPLACE")
    if keyword not in RUN or not statement.match("VECTOR", "INDEX"):
        return None
    operation = RUN[keyword](statement, replace, (project_id, dataset_id), dry_run)
    return JobStatistics2(statementType=f"{keyword}_VECTOR_INDEX", ddlOperationPerformed=operation)


def _table(statement: Statement, default: tuple[str, str | None]) -> tuple[str, str, str]:
    """`ON table`: project, dataset and table."""
    statement.take("ON")
    parts = statement.take_name()
    reference = (*(default[: 3 - len(parts)]), *parts)
    if len(reference) != 3 or None in reference:
        raise BigQueryError(
            "invalid", f'Table "{".".join(parts)}" must be qualified with a dataset (e.g. dataset.table).'
        )
    return spelling.table(*reference)


def _create(statement: Statement, replace: bool, default: tuple, dry_run: bool) -> str:
    skip_existing = statement.match("IF", "NOT", "EXISTS")
    if replace and skip_existing:
        raise invalid("CREATE VECTOR INDEX cannot have both OR REPLACE and IF NOT EXISTS")
    [name] = _single(
        statement.take_name(), "An index name has one part: the index lies in its table's dataset"
    )
    reference = _table(statement, default)
    column, stored = _column(statement), _stored(statement)
    if statement.match("PARTITION", "BY"):
        raise invalid("not emulated: PARTITION BY of CREATE VECTOR INDEX")
    options = statement.take_options()
    statement.finish()
    _check_stored(column, stored)
    index = _definition(name, reference, column, stored, options)
    operation = _operation(index, replace, skip_existing)
    if operation != "SKIP":
        _check_table(index)
    if not dry_run and operation != "SKIP":
        quota.charge("CREATE", reference)
        catalog.drop_all_on(*reference)
        catalog.save(index)
        maintenance.wake()
    return operation


def _single(parts: list[str], message: str) -> list[str]:
    if len(parts) != 1:
        raise invalid(f"{message}; got {'.'.join(parts)}")
    return parts


def _column(statement: Statement) -> str:
    statement.take("(")
    parts = statement.take_name()
    if len(parts) != 1 or not statement.match(")"):
        raise invalid(limits.INDEX_KEY_EXPRESSION)
    return parts[0]


def _stored(statement: Statement) -> list[str]:
    if not statement.match("STORING"):
        return []
    statement.take("(")
    columns = statement.take_list(lambda: ".".join(statement.take_name()))
    statement.take(")")
    return columns


def _check_stored(column: str, stored: list[str]):
    seen = {column.casefold()}
    for name in stored:
        if name.casefold() in seen:
            raise invalid(limits.STORED_TWICE.format(column=name))
        seen.add(name.casefold())


def _definition(name: str, reference: tuple, column: str, stored: list[str], options: dict) -> VectorIndex:
    if "lexical_search_columns" in options:
        raise invalid("not emulated: hybrid search (lexical_search_columns of CREATE VECTOR INDEX)")
    if unknown := sorted(set(options) - set(OPTIONS)):
        raise invalid(f"Unknown option of CREATE VECTOR INDEX: {unknown[0]}")
    if nulls := [name for name, value in options.items() if value is None]:
        raise invalid(f"{nulls[0]} of CREATE VECTOR INDEX must not be NULL")
    index_type = str(options.get("index_type", "")).upper()
    if index_type not in limits.INDEX_TYPES:
        raise invalid(
            f"CREATE VECTOR INDEX needs OPTIONS(index_type = 'IVF') or 'TREE_AH', not {index_type!r}"
        )
    for option, owner in (("ivf_options", "IVF"), ("tree_ah_options", "TREE_AH")):
        if option in options and index_type != owner:
            raise invalid(f"{option} can only be specified when index_type is {owner}")
    _check_ivf(_json(options, "ivf_options", {"num_lists"}))
    _check_tree_ah(_json(options, "tree_ah_options", {"leaf_node_embedding_count", "normalization_type"}))
    return VectorIndex(
        kind=catalog.KIND,
        name=name,
        ddl="",
        creationTime=metadata.now(),
        **dict(zip(("project", "dataset", "table"), reference, strict=True)),
        column=column,
        stored=stored,
        index_type=index_type,
        distance_type=distance_type(options.get("distance_type")) or limits.DISTANCE_TYPES[0],
        ivf_options=options.get("ivf_options"),
        tree_ah_options=options.get("tree_ah_options"),
    )


def _json(options: dict[str, Any], option: str, known: set[str]) -> dict[str, Any]:
    try:
        value = json.loads(options.get(option, "{}"))
    except (TypeError, ValueError) as error:
        raise invalid(f"{option} must be a JSON string, not {options[option]!r}") from error
    if not isinstance(value, dict):
        raise invalid(f"{option} must be a JSON object, not {options[option]!r}")
    if unknown := sorted(set(value) - known):
        raise invalid(f"Unknown key {unknown[0]!r} in {option}")
    return value


def _check_ivf(ivf: dict[str, Any]):
    lists = ivf.get("num_lists", 1)
    if type(lists) is not int or not 1 <= lists <= limits.IVF_MAX_LISTS:
        raise invalid(f"num_lists must be a whole number from 1 to {limits.IVF_MAX_LISTS}, not {lists!r}")


def _check_tree_ah(tree_ah: dict[str, Any]):
    leaf = tree_ah.get("leaf_node_embedding_count", limits.TREE_AH_DEFAULT_LEAF_COUNT)
    if type(leaf) is not int or leaf < limits.TREE_AH_MIN_LEAF_COUNT:
        raise invalid(
            "leaf_node_embedding_count must be a whole number of at least "
            f"{limits.TREE_AH_MIN_LEAF_COUNT}, not {leaf!r}"
        )
    normalization = tree_ah.get("normalization_type", "NONE")
    if normalization not in ("NONE", "L2"):
        raise invalid(f"normalization_type must be NONE or L2, not {normalization!r}")
    if normalization == "L2":
        raise invalid("not emulated: normalization_type L2 of TREE_AH")


def _operation(index: VectorIndex, replace: bool, skip_existing: bool) -> str:
    label = names.label(*index.reference)
    if not database.objects(*tables.physical(*index.reference)):
        tables.load(*index.reference)  # raises: not found
    same_name = metadata.load(metadata.Index, *index.reference, index.name)
    if same_name is not None and same_name.kind != catalog.KIND:
        raise already_exists(
            "Search index", f"{index.name} on table {label}: give the vector index another name"
        )
    existing = catalog.on_table(*index.reference)
    if existing is None:
        return "CREATE"
    if existing.name != index.name:  # ours; BigQuery's documentation only says "return an error"
        raise already_exists(
            "Vector index", f"{existing.name} on table {label}: a table has at most one vector index"
        )
    if skip_existing:
        return "SKIP"
    if not replace:
        raise already_exists("Vector index", f"{index.name} on table {label}")
    return "REPLACE"


def _check_table(index: VectorIndex):
    """Refuse what cannot be indexed: another kind of table, a wrong column, too few rows, uneven vectors."""
    if database.objects(*tables.physical(*index.reference))[0][1] != "TABLE":
        raise invalid(f"A vector index needs a standard table; {names.label(*index.reference)} is none")
    fields = {field.name.casefold(): field for field in tables.columns(*index.reference)}
    if not _is_vector(fields.get(index.column.casefold())):
        raise invalid(limits.INDEX_COLUMN_UNSUPPORTED.format(column=index.column))
    for column in index.stored:
        if column.casefold() not in fields:
            raise invalid(
                f"Column {column} of STORING was not found in table {names.label(*index.reference)}; "
                "only top-level columns can be stored"
            )
        if fields[column.casefold()].type == "RANGE":
            raise invalid(f"Column {column} of type RANGE cannot be stored in a vector index")
    _check_vectors(index)


def _is_vector(field: TableFieldSchema | None) -> bool:
    return field is not None and field.type == "FLOAT" and field.mode == "REPEATED"


def _check_vectors(index: VectorIndex):
    column = quote(index.column)
    [(rows, shortest, longest, nulls)] = database.fetch(
        f"SELECT count(*), min(coalesce(len({column}), 0)), max(coalesce(len({column}), 0)), "
        f"count(*) FILTER (list_count({column}) <> len({column})) FROM {catalog.table_name(index)}"
    )
    if rows < limits.INDEX_MIN_ROWS:
        raise BigQueryError("invalid", limits.TOO_FEW_ROWS.format(rows=rows, index_type=index.index_type))
    lowest = limits.TREE_AH_MIN_DIMENSIONS if index.index_type == "TREE_AH" else 1
    if shortest != longest or not lowest <= longest <= limits.INDEX_MAX_DIMENSIONS or nulls:
        raise invalid(
            limits.INDEX_VECTORS_UNEVEN.format(
                column=index.column, lowest=lowest, shortest=shortest, longest=longest, nulls=nulls
            )
        )


def _drop(statement: Statement, _replace: bool, default: tuple, dry_run: bool) -> str:
    if_exists = statement.match("IF", "EXISTS")
    [name] = _single(
        statement.take_name(), "An index name has one part: the index lies in its table's dataset"
    )
    reference = _table(statement, default)
    statement.finish()
    tables.load(*reference)
    index = catalog.on_table(*reference)
    found = index is not None and index.name == name
    label = f"{name} on table {names.label(*reference)}"
    operation = metadata.outcome("Vector index", label, found, True, if_exists)
    if operation == "DROP" and not dry_run:
        quota.charge("DROP", reference)
        catalog.delete(index)
    return operation


def _alter(statement: Statement, _replace: bool, default: tuple, dry_run: bool) -> str:
    if_exists = statement.match("IF", "EXISTS")
    [name] = _single(
        statement.take_name(), "An index name has one part: the index lies in its table's dataset"
    )
    reference = _table(statement, default)
    statement.take("REBUILD")
    statement.finish()
    if not faults.current().background_reservation:  # before the index is looked for, even in a dry run
        raise BigQueryError("invalid", limits.NO_BACKGROUND_RESERVATION.format(table=reference[2]))
    tables.load(*reference)
    index = catalog.on_table(*reference)
    if index is None or index.name != name:
        label = f"{name} on table {names.label(*reference)}"
        return metadata.outcome("Vector index", label, False, True, if_exists)
    if not dry_run:
        rebuild.start(index)
        maintenance.wake()
    return "ALTER"


RUN = {"CREATE": _create, "DROP": _drop, "ALTER": _alter}


def _connect(connection):
    nearby.register(connection)
    maintenance.start()


def install():
    """Register the statements, the views and the two SQL functions with local-bigquery."""
    original = indexes.ddl
    indexes.ddl = lambda *command: ddl(*command) or original(*command)
    database_files.on_connect.append(_connect)
    VIEWS.update(views.VIEWS)
