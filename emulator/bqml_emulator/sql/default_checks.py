"""What may be the default of a column. Types are the analyzer's business.

Source: https://docs.cloud.google.com/bigquery/docs/default-values (2026-11-27).
"""

from collections.abc import Iterator

from local_bigquery.catalog import names, tables
from local_bigquery.engine import database
from local_bigquery.engine import types as engine_types
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import query
from local_bigquery.models import DatasetReference, JobConfigurationQuery, TableFieldSchema
from local_bigquery.sql.translate import parse
from sqlglot import exp

from bqml_emulator.core import limits
from bqml_emulator.jobs import execution
from bqml_emulator.sql import created_tables, lengths

Keys = tuple[str, str, str]
TEXT = "text"  # of a default as it is written, in the meta of its node
LITERALS = (
    exp.Literal,
    exp.Boolean,
    exp.Null,
    exp.Neg,
    exp.Cast,  # DATE '2024-01-01', ARRAY<INT64>[1]
    exp.ParseJSON,
    exp.ByteString,
    exp.RawString,
    exp.HexString,
    exp.Interval,
)
STRUCTURE = (exp.Tuple, exp.Array, exp.Struct, exp.Paren, exp.PropertyEQ, exp.Identifier, exp.Var)
TYPES = (exp.DataType, exp.ColumnDef)
FUNCTIONS = (
    exp.CurrentDate,
    exp.CurrentTime,
    exp.CurrentTimestamp,
    exp.Uuid,
    exp.Rand,
    exp.SessionUser,
)
MACROS = ("bq.main.current_datetime", "bq.main.st_geogpoint")  # functions, as local-bigquery parses them


def check(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: refuse what BigQuery does not take as a default."""
    if isinstance(tree, exp.Create) and isinstance(tree.this, exp.Schema):
        for definition in tree.this.expressions:
            if isinstance(definition, exp.ColumnDef) and (default := of_definition(definition)):
                _check(default, _declared(definition))
    for action in (tree.args.get("actions") or []) if isinstance(tree, exp.Alter) else []:
        if isinstance(action, exp.ColumnDef) and of_definition(action):
            raise added(action.name)
        if isinstance(action, exp.AlterColumn) and action.args.get("default"):
            keys = names.reference(names.target(tree), context.project_id, context.dataset_id)
            for field in tables.fields(tables.load(*keys)) if tables.exists(*keys) else []:
                if field.name.casefold() == action.name.casefold():
                    _check(action.args["default"], field)
    return tree


def of_definition(definition: exp.ColumnDef) -> exp.Expression | None:
    """The default of a column in CREATE TABLE."""
    constraint = created_tables._constraint(definition, exp.DefaultColumnConstraint)
    return constraint.this if constraint else None


def _declared(definition: exp.ColumnDef) -> TableFieldSchema:
    kind = definition.args["kind"]
    is_array = kind.is_type(exp.DataType.Type.ARRAY)
    is_required = created_tables._constraint(definition, exp.NotNullColumnConstraint) is not None
    longest = kind.expressions[0].name if kind.this in lengths.KINDS and kind.expressions else None
    mode = "REPEATED" if is_array else "REQUIRED" if is_required else "NULLABLE"
    return TableFieldSchema(
        name=definition.name, mode=mode, type=lengths.KINDS.get(kind.this), maxLength=longest
    )


def _check(default: exp.Expression, field: TableFieldSchema):
    for node in default.walk():
        is_macro = isinstance(node, exp.Anonymous) and node.name in MACROS
        is_cast = isinstance(node, exp.Cast) and not isinstance(
            node.this, exp.Literal | exp.Array | exp.Struct
        )
        if is_cast or not (is_macro or isinstance(node, (*LITERALS, *STRUCTURE, *TYPES, *FUNCTIONS))):
            raise BigQueryError("invalidQuery", limits.DEFAULT_NO_LITERAL.format(column=field.name))
    value = default.unnest()
    items = value.expressions if isinstance(value, exp.Array) else []
    if field.mode == "REPEATED" and any(isinstance(found, exp.Null) for found in (value, *items)):
        raise BigQueryError("invalidQuery", limits.DEFAULT_NULL_IN_ARRAY.format(column=field.name))
    if field.mode == "REQUIRED" and isinstance(value, exp.Null):
        raise BigQueryError("invalidQuery", limits.DEFAULT_NULL.format(column=field.name))
    if field.maxLength and isinstance(value, exp.Literal | exp.ByteString | exp.RawString):
        size = len(value.name)
        if size > int(field.maxLength):
            text = lengths.too_long(field.name, field.type, int(field.maxLength))
            raise BigQueryError("invalidQuery", f"{text}{size}")


def added(column: str) -> BigQueryError:
    """The error for a new column that has a default."""
    return BigQueryError("invalidQuery", limits.DEFAULT_ADDED.format(column=column))


def check_schema(keys: Keys, fields: list[TableFieldSchema] | None):
    """Refuse a schema of the REST API whose defaults a CREATE TABLE of the same columns would not take."""
    with_default = [field for field in fields or [] if field.defaultValueExpression]
    for path, field in _nested(fields or []):
        if field.defaultValueExpression:
            raise BigQueryError("invalid", limits.DEFAULT_NESTED.format(column=path))
    if not with_default:
        return
    sql = f"CREATE TABLE `{'.'.join(keys)}` ({', '.join(map(_definition, with_default))})"
    config = JobConfigurationQuery(
        query=sql, defaultDataset=DatasetReference(projectId=keys[0], datasetId=keys[1])
    )
    [*trees] = parse(sql)
    texts = [node.meta.get(TEXT) for tree in trees for node in tree.find_all(exp.DefaultColumnConstraint)]
    if len(trees) != 1 or texts != [field.defaultValueExpression.strip() for field in with_default]:
        raise BigQueryError("invalid", limits.DEFAULT_NO_LITERAL.format(column=with_default[0].name))
    with database.cursor() as cursor:
        query.execute(cursor, keys[0], None, config, dry_run=True)


def _nested(fields: list[TableFieldSchema], above: str = "") -> Iterator[tuple[str, TableFieldSchema]]:
    for field in fields:
        for child in field.fields or []:
            yield f"{above}{field.name}.{child.name}", child
        yield from _nested(field.fields or [], f"{above}{field.name}.")


def _definition(field: TableFieldSchema) -> str:
    kind = engine_types.bigquery_type(field)
    if field.maxLength and field.mode != "REPEATED":
        kind = f"{kind}({field.maxLength})"
    required = " NOT NULL" if field.mode == "REQUIRED" else ""
    return f"`{field.name}` {kind} DEFAULT {field.defaultValueExpression}{required}"


def install():
    """Look at every statement."""
    execution.before_statement.add(check, first=True)
