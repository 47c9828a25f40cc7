"""Every way in which a table is changed is followed, from its beginning to its end."""

import functools
from collections.abc import Iterator

import sqlglot
from local_bigquery.catalog import names, tabledata, tables
from sqlglot import exp

from bqml_emulator.engine.table_changes import Keys, changes
from bqml_emulator.jobs import dml, execution


def note(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: the tables that it changes are changed from now until it, or the transaction that
    it is part of, has ended."""
    running = execution.current()
    if running.schema_only:
        return tree
    for keys in _changed_by(tree, context):
        replaces = isinstance(tree, exp.Create) and bool(tree.args.get("replace")) and tables.exists(*keys)
        changes.begin(keys, replaces)
        ended = functools.partial(changes.end, keys)
        if not dml.at_end(running.cursor, ended):
            running.held.callback(ended)
    return tree


def _changed_by(tree: exp.Expression, context) -> Iterator[Keys]:
    target = names.target(tree)
    if target is None or tree.args.get("kind", "TABLE") != "TABLE" or tree.find(exp.TemporaryProperty):
        return
    keys = names.reference(target, context.project_id, context.dataset_id)
    if not all(keys):
        return
    yield keys
    for action in tree.args.get("actions") or []:
        if isinstance(action, exp.AlterRename):
            yield *keys[:2], action.this.name


def install():
    """Note changes by statements, jobs, streamed rows and the REST API."""
    execution.before_statement.add(note)
    write, insert, create, update = tables.write, tabledata._insert, tables.create, tables.update

    def changing(keys: Keys, change):
        changes.begin(keys)
        try:
            return change()
        finally:
            changes.end(keys)

    def noted_write(cur, query, params, reference, *rest, **options):
        if reference[1] == tables.RESULTS:  # written once
            return write(cur, query, params, reference, *rest, **options)
        return changing(reference, lambda: write(cur, query, params, reference, *rest, **options))

    def noted_insert(table, schema, rows):
        path = sqlglot.parse_one(table, into=exp.Table, dialect="duckdb")
        keys = (path.catalog, path.db, path.name)
        return changing(keys, lambda: insert(table, schema, rows))

    def noted_update(project_id, dataset_id, table_id, *rest, **options):
        keys = (project_id, dataset_id, table_id)
        return changing(keys, lambda: update(*keys, *rest, **options))

    def noted_create(project_id, dataset_id, body, *rest):
        keys = (project_id, dataset_id, (body.tableReference and body.tableReference.tableId) or "")
        return changing(keys, lambda: create(project_id, dataset_id, body, *rest))

    tables.write, tabledata._insert = noted_write, noted_insert
    tables.update, tables.create = noted_update, noted_create
