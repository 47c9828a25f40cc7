"""Defaults of columns: DuckDB evaluates them, the field's `defaultValueExpression` is how they were written.

Source: https://docs.cloud.google.com/bigquery/docs/default-values (2026-11-27).
"""

from collections.abc import Callable

import duckdb
from local_bigquery.catalog import ddl as catalog_ddl
from local_bigquery.catalog import metadata, names, tables
from local_bigquery.engine import database
from local_bigquery.engine import types as engine_types
from local_bigquery.engine.database import quote
from local_bigquery.models import Table, TableFieldSchema
from local_bigquery.sql.dialect import BigQueryDialect
from local_bigquery.sql.rules import information_schema
from local_bigquery.sql.translate import Context, parse, translate
from sqlglot import exp
from sqlglot.tokens import TokenType

from bqml_emulator.sql import default_checks, lengths
from bqml_emulator.sql.default_checks import TEXT, Keys

AFTER = (lengths,)  # whose columns have the defaults, too


# --- where it is kept ---------------------------------------------------------------------------------


def _with_text(parse_default: Callable) -> Callable:
    """Parse the default in CREATE TABLE, and remember how it is written."""

    def parse_with_text(self):
        start = self._curr
        constraint = parse_default(self)
        constraint.meta[TEXT] = self._find_sql(start, self._prev)
        return constraint

    return parse_with_text


def _alter_with_text(parse_alter: Callable) -> Callable:
    """The same for ALTER COLUMN … SET DEFAULT."""

    def parse_with_text(self):
        start = self._index
        action = parse_alter(self)
        if isinstance(action, exp.AlterColumn) and action.args.get("default"):
            kinds = [token.token_type for token in self._tokens[start : self._index]]
            behind = start + kinds.index(TokenType.DEFAULT) + 1
            action.meta[TEXT] = self._find_sql(self._tokens[behind], self._prev)
        return action

    return parse_with_text


def _fields_with_texts(describe: Callable) -> Callable:
    """CREATE TABLE: what is recorded of the columns beside what DuckDB knows."""

    def described(schema: exp.Expression, evaluate) -> list[dict]:
        found = {field["name"]: field for field in describe(schema, evaluate)}
        for column in schema.expressions if isinstance(schema, exp.Schema) else []:
            constraint = column.find(exp.DefaultColumnConstraint)
            if constraint and TEXT in constraint.meta:
                field = found.setdefault(column.name, {"name": column.name})
                field["defaultValueExpression"] = constraint.meta[TEXT]
        return list(found.values())

    return described


def _alteration_with_texts(describe: Callable) -> Callable:
    """ALTER TABLE: the same. What is recorded of a column goes with it."""

    def alteration(stored: Table, action: exp.Expression, reference: Keys, evaluate) -> dict:
        fields = tables.fields(stored)
        if isinstance(action, exp.AlterColumn) and (action.args.get("default") or _drops_default(action)):
            return {"schema": {"fields": [_changed(field, action) for field in fields]}}
        if isinstance(action, exp.RenameColumn):
            before = {field.name.casefold(): field for field in _recorded(reference)}
            known = before.get(action.this.name.casefold())
            new = action.args["to"].name
            return {
                "schema": {
                    "fields": [known.replace(name=new) if known and f.name == new else f for f in fields]
                }
            }
        if isinstance(action, exp.Drop) and action.args.get("kind") == "COLUMN":
            return {"schema": {"fields": fields}}
        return describe(stored, action, reference, evaluate)

    return alteration


def _drops_default(action: exp.AlterColumn) -> bool:
    return bool(action.args.get("drop")) and not action.args.get("allow_null")


def _changed(field: TableFieldSchema, action: exp.AlterColumn) -> TableFieldSchema:
    if field.name.casefold() != action.name.casefold():
        return field
    return field.replace(defaultValueExpression=action.meta.get(TEXT))


def _recorded(keys: Keys) -> list[TableFieldSchema]:
    stored = metadata.load(Table, *keys)
    return tables.fields(stored) if stored else []


def _fields(keys: Keys) -> list[TableFieldSchema]:
    return tables.fields(tables.load(*keys))


def defaults(fields: list[TableFieldSchema] | None) -> dict[str, str]:
    """The texts of the defaults by column, names in lower case."""
    return {f.name.casefold(): f.defaultValueExpression for f in fields or [] if f.defaultValueExpression}


def _columns_with_texts(list_columns: Callable) -> Callable:
    """INFORMATION_SCHEMA.COLUMNS: one more column."""

    def column_list(project_id: str, dataset_id: str | None):
        columns, rows = list_columns(project_id, dataset_id)
        texts = {  # by column, as other jobs may change the tables meanwhile
            (*information_schema._identity(table), field.name): field.defaultValueExpression
            for table in information_schema._tables(project_id, dataset_id)
            for field in tables.fields(table)
        }
        return [*columns, "column_default"], [[*row, texts.get(tuple(row[:4]))] for row in rows]

    return column_list


# --- DuckDB's defaults ----------------------------------------------------------------------------------


def expression(text: str) -> str:
    """A default in DuckDB's SQL."""
    [value] = parse(f"SELECT {text}")[0].selects
    sql, _ = translate(value, Context("", None))
    return sql


def _column_with_default(column: Callable) -> Callable:
    """A column of tables.insert."""

    def with_default(field: TableFieldSchema, nested: bool = False) -> str:
        sql = column(field, nested)
        if nested or not field.defaultValueExpression:
            return sql
        return f"{sql} DEFAULT {expression(field.defaultValueExpression)}"

    return with_default


def write(keys: Keys, fields: list[TableFieldSchema] | None, before: dict[str, str] | None = None):
    """Give a table's columns the defaults of a schema, and take away those of `before` that it has not."""
    texts = defaults(fields)
    if not texts and not before:
        return
    for column in tables.columns(*keys):
        name = column.name.casefold()
        alter = f"ALTER TABLE {tables.name(*keys)} ALTER {quote(column.name)}"
        if name in texts:
            database.execute(f"{alter} SET DEFAULT {expression(texts[name])}")
        elif name in (before or {}):
            database.execute(f"{alter} DROP DEFAULT")


def _create(create_table: Callable) -> Callable:
    def create(project_id: str, dataset_id: str, body: Table, translate) -> Table:
        name = body.tableReference and body.tableReference.tableId
        default_checks.check_schema((project_id, dataset_id, name or ""), tables.fields(body))
        return create_table(project_id, dataset_id, body, translate)

    return create


def _update(update_table: Callable) -> Callable:
    def update(project_id, dataset_id, table_id, body, etag, replace) -> Table:
        keys, given = (project_id, dataset_id, table_id), tables.fields(body)
        if not given and not replace:
            return update_table(*keys, body, etag, replace)
        current = _fields(keys)
        known = {field.name.casefold() for field in current}
        for field in given:
            if current and field.defaultValueExpression and field.name.casefold() not in known:
                raise default_checks.added(field.name)
        default_checks.check_schema(keys, given)
        updated = update_table(*keys, body, etag, replace)
        if current:
            write(keys, given, defaults(current))
        return updated

    return update


def _write(write_table: Callable) -> Callable:
    """A table that a job makes or truncates has the defaults of its schema, and no others."""

    def write_with_defaults(
        cur: duckdb.DuckDBPyConnection,
        sql: str,
        params: dict | None,
        reference: Keys,
        config: tables.Destination,
        default: str = "WRITE_EMPTY",
        *arguments,
        **options,
    ) -> bool:
        if reference[1] == tables.RESULTS:
            return write_table(cur, sql, params, reference, config, default, *arguments, **options)
        schema = getattr(config, "schema_", None)
        fields = schema.fields if schema else []
        truncates = (config.writeDisposition or default) == "WRITE_TRUNCATE"
        anew = truncates or not database.objects(*tables.physical(*reference))
        if anew:
            default_checks.check_schema(reference, fields)
        made = write_table(cur, sql, params, reference, config, default, *arguments, **options)
        if anew and defaults(recorded := _recorded(reference)):
            bare = [field.without("defaultValueExpression") for field in recorded]
            tables.annotate(reference, Table(schema={"fields": bare}))
        if anew:
            write(reference, fields)
        return made

    return write_with_defaults


def _apply(apply: Callable) -> Callable:
    """CREATE TABLE … LIKE, CLONE and COPY: the defaults of the source."""

    def apply_with_defaults(tree: exp.Expression, project_id: str, dataset_id: str, evaluate):
        apply(tree, project_id, dataset_id, evaluate)
        like = tree.args.get("clone") or tree.find(exp.LikeProperty) if isinstance(tree, exp.Create) else None
        if like and not tree.find(exp.TemporaryProperty):
            keys = names.reference(names.target(tree), project_id, dataset_id)
            adopt(names.reference(like.this, project_id, dataset_id), keys)

    return apply_with_defaults


def adopt(source: Keys, keys: Keys):
    """Give a copy of a table the defaults of its source."""
    if texts := defaults(_fields(source)):
        fields = [f.replace(defaultValueExpression=texts.get(f.name.casefold())) for f in _fields(keys)]
        tables.annotate(keys, Table(schema={"fields": fields}))
        write(keys, fields)


def install():
    """Check, keep and write them."""
    parser = BigQueryDialect.Parser
    constraints = parser.CONSTRAINT_PARSERS
    parser.CONSTRAINT_PARSERS = constraints | {"DEFAULT": _with_text(constraints["DEFAULT"])}
    parser._parse_alter_table_alter = _alter_with_text(parser._parse_alter_table_alter)
    catalog_ddl._fields = _fields_with_texts(catalog_ddl._fields)
    catalog_ddl._alteration = _alteration_with_texts(catalog_ddl._alteration)
    catalog_ddl.apply = _apply(catalog_ddl.apply)
    information_schema.VIEWS["COLUMNS"] = _columns_with_texts(information_schema.VIEWS["COLUMNS"])
    engine_types.column = _column_with_default(engine_types.column)
    tables.create, tables.update, tables.write = (
        _create(tables.create),
        _update(tables.update),
        _write(tables.write),
    )
