"""Object tables: EXTERNAL TABLE with object_metadata = 'SIMPLE' over Cloud Storage.

In DuckDB an object table is a view over one function that lists the bucket when the query runs, unless a
manual metadata cache says what it held (see listing); in the catalog it is a table of type EXTERNAL.
"""

from collections.abc import Iterator
from typing import Any

from local_bigquery.catalog import datasets, metadata, names, tables
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError
from local_bigquery.models import JobStatistics2, Table
from local_bigquery.sql.rules import information_schema
from local_bigquery.sql.rules.tables import resolve
from sqlglot import exp

from bqml_emulator.core import limits
from bqml_emulator.core.rules import statement_rules
from bqml_emulator.core.statement import Statement, interval_minutes
from bqml_emulator.engine import spelling
from bqml_emulator.jobs import execution
from bqml_emulator.objects import connections, gcs, listing

OPTIONS = {"object_metadata", "uris", "max_staleness", "metadata_cache_mode", "description", "labels"}
VIEW = (
    "SELECT o.uri, o.generation, o.content_type, o.size, o.md5_hash, o.updated, o.metadata, "
    "{{'uri': o.uri, 'version': CAST(o.generation AS VARCHAR), 'authorizer': {authorizer}, "
    "'details': CAST(o.details AS JSON)}} AS ref FROM ({listing}) AS o"
)
REQUIRED_IN_REF = {"fields": [{"name": "ref", "fields": [{"name": "uri", "mode": "REQUIRED"}]}]}


def load(keys: tuple[str, str, str]) -> Table | None:
    """The object table of that name, or None when there is none or it is another kind of table."""
    stored = metadata.load(Table, *keys)
    return stored if stored and stored.type == "EXTERNAL" else None


def create(
    statement: Statement, replace: bool, project_id: str, dataset_id: str | None, dry_run: bool
) -> JobStatistics2:
    """CREATE [OR REPLACE] EXTERNAL TABLE, from after the keyword TABLE."""
    if_not_exists = statement.match("IF", "NOT", "EXISTS")
    keys = _keys(statement.take_name(), project_id, dataset_id)
    if not statement.match("WITH", "CONNECTION"):
        raise BigQueryError(
            "invalidQuery", "not emulated: external tables WITHOUT CONNECTION; only object tables"
        )
    connection = connections.resolve(statement.take_name(), project_id)
    options = statement.take_options()
    statement.finish()
    _check_options(options)
    datasets.get(*keys[:2])
    operation = _operation(keys, replace, if_not_exists)
    if operation != "SKIP":
        check_access(connection, options["uris"], "delegate", create_default=not dry_run)
    if operation != "SKIP" and not dry_run:
        _store(keys, connection, options, is_new=operation == "CREATE")
    return _statistics("CREATE_EXTERNAL_TABLE", operation, keys)


def is_cached(keys: tuple[str, str, str], table: Table) -> str:
    """DuckDB condition: whether a statement that reads the table has its rows from its metadata cache."""
    if table.externalDataConfiguration.metadataCacheMode != "MANUAL" or not table.maxStaleness:
        return "false"
    return listing.is_cached(keys, interval_minutes(table.maxStaleness))


def drop(statement: Statement, project_id: str, dataset_id: str | None, dry_run: bool) -> JobStatistics2:
    """DROP EXTERNAL TABLE [IF EXISTS], from after the keyword TABLE."""
    if_exists = statement.match("IF", "EXISTS")
    keys = _keys(statement.take_name(), project_id, dataset_id)
    statement.finish()
    found = tables.exists(*keys)
    operation = metadata.outcome("Table", names.label(*keys), found, True, if_exists)
    if found and load(keys) is None:
        raise BigQueryError("invalid", f"{names.label(*keys)} is not an external table: use DROP TABLE")
    if found and not dry_run:
        tables.delete(*keys)
        listing.forget(keys)
    return _statistics("DROP_EXTERNAL_TABLE", operation, keys)


def create_by_api(project_id: str, dataset_id: str, body: Table) -> Table:
    """tables.insert with an externalDataConfiguration."""
    given = body.externalDataConfiguration
    if not (body.tableReference and body.tableReference.tableId and given.connectionId):
        raise BigQueryError(
            "invalid", "Required: tableReference.tableId, externalDataConfiguration.connectionId"
        )
    keys = _keys([body.tableReference.tableId], project_id, dataset_id)
    connection = connections.resolve(given.connectionId.split("."), project_id)
    options = {"object_metadata": given.objectMetadata, "uris": given.sourceUris}
    options |= {"metadata_cache_mode": given.metadataCacheMode, "description": body.description}
    if body.maxStaleness:
        options["max_staleness"] = interval_minutes(body.maxStaleness)
    _check_options(options)
    datasets.get(*keys[:2])
    _operation(keys, replace=False, if_not_exists=False)
    check_access(connection, options["uris"], "delegate")
    _store(keys, connection, options, is_new=True)
    return tables.get(*keys)


def _keys(parts: list[str], project_id: str, dataset_id: str | None) -> tuple[str, str, str]:
    padded = [project_id, dataset_id][: max(0, 3 - len(parts))] + parts
    if len(padded) != 3 or not all(padded):
        message = f'Table "{".".join(parts)}" must be qualified with a dataset (e.g. dataset.table).'
        raise BigQueryError("invalid", message)
    names.table(padded[2])
    return spelling.table(*padded)


def _operation(keys: tuple[str, str, str], replace: bool, if_not_exists: bool) -> str:
    found = tables.exists(*keys)
    operation = metadata.outcome("Table", names.label(*keys), found, False, if_not_exists, replace)
    if operation == "REPLACE" and load(keys) is None:
        raise BigQueryError("invalid", f"{names.label(*keys)} is not an external table: drop it first")
    return operation


def _check_options(options: dict[str, Any]):
    if unknown := options.keys() - OPTIONS:
        raise BigQueryError("invalidQuery", f"Unknown option {min(unknown)} for an object table")
    if str(options.get("object_metadata")).upper() != "SIMPLE":
        message = "not emulated: external tables other than object tables; set object_metadata = 'SIMPLE'"
        raise BigQueryError("invalidQuery", message)
    _check_uris(options.get("uris"))
    staleness, mode = options.get("max_staleness") or 0, options.get("metadata_cache_mode")
    low, high = limits.MAX_STALENESS_MINUTES
    if staleness and not low <= staleness <= high:
        raise BigQueryError("invalidQuery", "max_staleness must be 0 or between 30 minutes and 7 days")
    if mode not in (None, "AUTOMATIC", "MANUAL"):
        raise BigQueryError("invalidQuery", f"metadata_cache_mode must be AUTOMATIC or MANUAL, not {mode!r}")
    if staleness and not mode:
        raise BigQueryError("invalidQuery", "metadata_cache_mode must be set when max_staleness is above 0")


def _check_uris(uris: Any):
    if not isinstance(uris, list) or not uris or not all(isinstance(uri, str) for uri in uris):
        raise BigQueryError(
            "invalidQuery", "Option uris must be a list of gs:// URIs, for example ['gs://bucket/*']"
        )
    if len(uris) > limits.MAX_OBJECT_TABLE_URIS:
        raise BigQueryError(
            "invalidQuery", f"Option uris has {len(uris)} entries; at most 10,000 are allowed"
        )
    for uri in uris:
        bucket, path = gcs.split(uri)
        if "*" in bucket or path.count("*") > 1:
            message = f"Invalid URI {uri!r}: one * wildcard is allowed, after the bucket name"
            raise BigQueryError("invalidQuery", message)


def check_access(
    connection: connections.Connection, uris: list[str], permission: str, create_default: bool = False
):
    """The connection must exist and its account must be able to list the bucket."""
    if create_default:
        connections.create_default(connection, limits.DEFAULT_OBJECT_ROLES)
    connection.require(permission)
    if not connection.has_role(connection.project_id, limits.OBJECT_ROLES):
        message = limits.GLOBBING_DENIED.format(account=connection.account, uri=uris[0])
        raise BigQueryError("accessDenied", message)


def _store(
    keys: tuple[str, str, str], connection: connections.Connection, options: dict[str, Any], is_new: bool
):
    authorizer = ".".join(connection.keys)
    has_cache = options.get("metadata_cache_mode") == "MANUAL" and options.get("max_staleness")
    if has_cache:
        found = listing.cached(keys, options["uris"], options["max_staleness"])
    else:
        found = listing.live(options["uris"])
    view = VIEW.format(authorizer=listing.text(authorizer), listing=found)
    if is_new or not has_cache:  # else it is served though it may be of other sources, as documented
        listing.forget(keys)
    database.execute(f"CREATE OR REPLACE VIEW {tables.name(*keys)} AS {view}")
    configuration = {"objectMetadata": "SIMPLE", "sourceUris": options["uris"], "connectionId": authorizer}
    if mode := options.get("metadata_cache_mode"):
        configuration["metadataCacheMode"] = mode
    changes = {"type": "EXTERNAL", "externalDataConfiguration": configuration, "schema": REQUIRED_IN_REF}
    if staleness := options.get("max_staleness"):
        days, minutes = divmod(int(staleness), 24 * 60)
        changes["maxStaleness"] = f"0-0 {days} {minutes // 60}:{minutes % 60}:0"
    if description := options.get("description"):
        changes["description"] = description
    tables.record(*keys, tables.defaults(*keys).merged(Table.model_validate(changes)))


def _statistics(statement_type: str, operation: str, keys: tuple[str, str, str]) -> JobStatistics2:
    target = dict(zip(("projectId", "datasetId", "tableId"), keys, strict=True))
    return JobStatistics2(
        statementType=statement_type, ddlOperationPerformed=operation, ddlTargetTable=target
    )


def check_readable(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: an object table is read only while its connection may list the bucket."""
    for _, stored in used(tree, context):
        configuration = stored.externalDataConfiguration
        connection = connections.Connection(*configuration.connectionId.rsplit(".", 2))
        check_access(connection, configuration.sourceUris, "use")
    return tree


def refuse_change(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: object tables are not changed, and dropped or replaced only as external tables."""
    replaces = (
        isinstance(tree, exp.Create) and tree.args.get("replace") and tree.args["kind"] in ("TABLE", "VIEW")
    )
    target = names.target(tree) if replaces or isinstance(tree, names.DML | exp.Alter | exp.Drop) else None
    for table, _ in used(target, context) if target is not None else []:
        label = names.label(*names.reference(table, context.project_id, context.dataset_id))
        if isinstance(tree, exp.Drop | exp.Create):
            raise BigQueryError("invalid", f"{label} is an external table: use DROP EXTERNAL TABLE")
        raise BigQueryError("invalidQuery", limits.OBJECT_TABLE_READ_ONLY.format(table=label))
    return tree


def used(tree: exp.Expression, context) -> Iterator[tuple[exp.Table, Table]]:
    """The object tables among the tables of a tree."""
    ctes = {cte.alias_or_name.casefold() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        keys = resolve(table, context, ctes)
        if keys and all(keys) and (stored := load(keys)):
            yield table, stored


def install():
    """Let the catalog know tables of type EXTERNAL, and statements what they may do with them."""
    tables.STORED_TYPES = (*tables.STORED_TYPES, "EXTERNAL")
    information_schema.TABLE_TYPES["EXTERNAL"] = "EXTERNAL"
    create_table = tables.create

    def create_table_or_object_table(project_id, dataset_id, body, translate):
        if body.externalDataConfiguration:
            return create_by_api(project_id, dataset_id, body)
        return create_table(project_id, dataset_id, body, translate)

    tables.create = create_table_or_object_table
    statement_rules.add(check_readable)
    execution.before_statement.add(refuse_change, first=True)
