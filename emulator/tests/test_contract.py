"""The internals of local-bigquery 0.4.0 that bqml_emulator patches: a changed one fails here first."""

import inspect
import re
from importlib.metadata import version

import pytest
import sqlglot
import uvicorn
from local_bigquery import errors
from local_bigquery.api import jobs as api_jobs
from local_bigquery.api import routines as api_routines
from local_bigquery.api import tables as api_tables
from local_bigquery.catalog import datasets, ddl, metadata, models, names, row_access, tabledata, tables
from local_bigquery.engine import database, results, sessions
from local_bigquery.grpc import server as grpc_server
from local_bigquery.jobs import copy, extract, load, merge, query, runner, storage, store
from local_bigquery.settings import settings
from local_bigquery.sql import native, params, rules, script, translate
from local_bigquery.sql.dialect import BigQueryDialect
from local_bigquery.sql.rules import information_schema, parameters, partitions, strings, typing
from local_bigquery.sql.rules import tables as table_rules
from sqlglot import exp

SIGNATURES = {
    database._connect: [],
    database._attach: ["con", "project_id"],
    database.projects: [],
    database.objects: ["project_id", "dataset_id", "table_id"],
    partitions._hidden: ["table"],
    tables.columns: ["project_id", "dataset_id", "table_id"],
    params._plain: ["parameter_type", "value"],
    native.register: ["con"],
    query.execute: ["cur", "project_id", "job_id", "config", "dry_run", "session"],
    query.translate_view: ["project_id", "dataset_id", "sql"],
    query._statement: ["cur", "tree", "context", "destination", "config", "dry_run", "isolated"],
    query._execute: "cur project_id job_id config dry_run isolated context statements".split(),
    query._run: ["cur", "tree", "context", "destination", "config", "dry_run", "isolated"],
    merge.run: ["cur", "tree", "context"],
    sessions.abort: ["session_id"],
    database.writing: ["table"],
    query._ddl: ["tree", "context"],
    query._evaluator: ["cur"],
    ddl.apply: ["tree", "project_id", "dataset_id", "evaluate"],
    ddl._fields: ["schema", "evaluate"],
    ddl._alteration: ["stored", "action", "reference", "evaluate"],
    tabledata._insert: ["table", "schema", "rows"],
    information_schema.column_list: ["project_id", "dataset_id"],
    results.materialise: ["cur", "query", "name", "params", "append", "writer"],
    query._declared_schema: ["cur", "tree", "context"],
    errors.from_duckdb: ["error", "context", "tree"],
    errors.syntax_error: ["error", "sql"],
    results._without_null_elements: ["expression", "column", "t"],
    row_access.ddl: ["command", "keyword", "project_id", "dataset_id", "dry_run"],
    models.apply: ["tree", "project_id", "dataset_id", "fields", "evaluate", "dry_run"],
    metadata.outcome: ["kind", "label", "found", "drop", "if_exists", "replace"],
    metadata.save: ["resource", "keys"],
    metadata.load: ["model", "keys"],
    metadata.delete: ["model", "keys"],
    tables.record: ["project_id", "dataset_id", "table_id", "resource"],
    tables.delete: ["project_id", "dataset_id", "table_id"],
    tables._lookup: ["project_id", "dataset_id", "table_id"],
    tables.write: "cur query params reference config default prefix isolated".split(),
    tables.evolve: ["cur", "reference", "relation", "options", "prefix"],
    tables.update: ["project_id", "dataset_id", "table_id", "body", "etag", "replace"],
    tables.annotate: ["reference", "changes"],
    results.materialise: ["cur", "query", "name", "params", "append", "writer"],
    tabledata.list_rows: (
        "project_id dataset_id table_id max_results start selected_fields int64_timestamps".split()
    ),
    tabledata.insert_all: ["project_id", "dataset_id", "table_id", "body"],
    copy.run: ["cur", "config", "upload"],
    datasets.get: ["project_id", "dataset_id"],
    datasets._defaults: ["project_id", "dataset_id"],
    tables.exists: ["project_id", "dataset_id", "table_id"],
    table_rules._not_found: ["project_id", "dataset_id", "table_id"],
    table_rules.resolve: ["table", "context", "ctes"],
    names.target: ["tree"],
    names.reference: ["table", "project_id", "dataset_id"],
    translate.translate: ["tree", "context"],
    runner.submit: ["project_id", "job_id", "configuration", "upload"],
    runner._execute: ["job", "job_type", "session", "running", "upload"],
    runner._handle: ["job", "job_type", "running", "upload"],
    load._reader: ["cur", "files", "config", "fields"],
    load.run: ["cur", "config", "upload"],
    runner._done: ["job", "statistics", "error"],
    api_jobs.insert_job: ["project_id", "body"],
    api_jobs.results: ["job", "max_results", "start", "int64_timestamps"],
    api_jobs.with_rows: ["payload", "rows"],
    api_routines.define: ["project_id", "dataset_id", "routine_id", "body", "replace"],
    runner.get: ["project_id", "job_id"],
    runner.cancel: ["project_id", "job_id"],
    runner.wait: ["project_id", "job_id", "timeout_ms"],
    load.paths: ["cur", "uri"],
    storage.written: ["uri"],
    store.list_: "project_id states parent_job_id min_creation_time max_creation_time".split(),
    errors.from_exception: ["error"],
    tables.create: ["project_id", "dataset_id", "body", "translate"],
    store.save: ["job"],
    script.Interpreter.__init__: ["self", "cursor", "context", "run_sql", "report"],
    script.Interpreter.set: ["self", "statement"],
    script.Interpreter.declare: ["self", "statement"],
    script.Interpreter.execute: ["self", "statement"],
    script.Interpreter.block: ["self", "statement"],
    script.Interpreter.procedure: ["self", "statement"],
    script.Interpreter.store: ["self", "value"],
    script.Interpreter.assign: ["self", "table", "value"],
    script.Interpreter.iterate: ["self", "loop", "variables"],
    script.Parser.procedure: ["self"],
    script.parse_script: ["sql"],
    information_schema._view: ["table"],
    store.load: ["project_id", "job_id"],
    BigQueryDialect.Parser._model_call: ["self"],
    BigQueryDialect.Parser.parse: ["self", "raw_tokens", "sql"],
    uvicorn.Server.startup: ["self", "sockets"],
    uvicorn.Server.capture_signals: ["self"],
}


def test_the_versions_are_the_ones_we_patch():
    assert version("local-bigquery") == "0.4.0"
    assert version("duckdb") == "2.0.0"


@pytest.mark.parametrize("function", SIGNATURES, ids=lambda f: f"{f.__module__}.{f.__qualname__}")
def test_signatures(function):
    assert list(inspect.signature(function).parameters) == SIGNATURES[function]


def test_statement_rules_are_a_list_of_functions_of_tree_and_context():
    assert isinstance(rules.STATEMENT_RULES, list)
    assert translate.STATEMENT_RULES is rules.STATEMENT_RULES
    assert list(inspect.signature(rules.STATEMENT_RULES[-1]).parameters) == ["tree", "context"]


def test_the_context_has_the_fields_we_use():
    context = translate.Context("p", "d")
    assert (context.temporary, context.used, context.position) == (set(), set(), 0)


def test_names_and_constants():
    assert tables.STORED_TYPES == ("MATERIALIZED_VIEW", "SNAPSHOT")
    assert "EXTERNAL" not in information_schema.TABLE_TYPES
    assert isinstance(errors.STATUSES, dict)
    assert not {"jobInternalError", "jobBackendError", "backendError"} & errors.STATUSES.keys()
    assert runner.SUBMIT_WAIT_MS == 1000
    assert runner.HANDLERS["copy"] is copy.run
    assert "google.cloud.bigquery.storage.v1.BigQueryRead" in grpc_server.SERVICES
    assert set(copy.CLONES) == {"SNAPSHOT", "CLONE"}
    assert isinstance(runner._running, dict)
    assert {"future", "cursor", "cancelled"} <= set(runner.Running.__dataclass_fields__)
    assert "emulator.jobs" in database.EMULATOR_SCHEMA
    assert isinstance(database._attached, set)
    for name in ("data_dir", "default_project_id", "storage_emulator_host", "gcs_local_root"):
        assert hasattr(settings, name)


def test_modules_look_their_functions_up_when_called():
    """A patched module attribute must be the one that is used."""
    assert re.search(r"\bpaths\(", inspect.getsource(load))
    assert "written(uri" in inspect.getsource(extract)
    assert inspect.getsource(runner).count("from_exception(exception)") == 2
    assert "tables.create(" in inspect.getsource(api_tables)
    assert "metadata.delete(" in inspect.getsource(tables.forget)
    assert "database.objects(" in inspect.getsource(tables._lookup)
    assert "_hidden(table)" in inspect.getsource(partitions.ingestion_time)
    assert tabledata.columns is tables.columns
    assert "query.execute(" in inspect.getsource(runner)
    assert "store.load(" in inspect.getsource(runner.submit)
    assert "JOBS.format(project=" in inspect.getsource(information_schema.information_schema)
    assert "_run(" in inspect.getsource(query._statement)
    assert "models.apply(" in inspect.getsource(query._run)
    assert "row_access.ddl(" in inspect.getsource(query._run)
    assert "_declared_schema(" in inspect.getsource(query._run)
    assert "_handle(job, job_type" in inspect.getsource(runner._execute)
    assert "HANDLERS[job_type](cursor, config, upload)" in inspect.getsource(runner._handle)
    assert "catalog_ddl.apply(tree" in inspect.getsource(query._run)
    assert "results.materialise(" in inspect.getsource(tables.write)
    for module in (load, copy, query):
        assert "tables.write(" in inspect.getsource(module)
    assert "merge.run(cur, tree, context)" in inspect.getsource(query._run)
    assert "database.writing(" in inspect.getsource(query._run)
    assert "sessions.abort(" in inspect.getsource(runner._query)
    assert 'cur.execute("BEGIN")' in inspect.getsource(merge.run)
    assert "_connect()" in inspect.getsource(database.connection)
    assert "_attach(" in inspect.getsource(database.attach)
    assert "script.Interpreter(cur, context, run_sql, report).run(" in inspect.getsource(query._execute)
    assert "syntax_error(" in inspect.getsource(translate.parse)
    assert "syntax_error(" in inspect.getsource(script)
    assert "_without_null_elements(" in inspect.getsource(results.materialise)
    assert "script.parse_script(" in inspect.getsource(query.execute)
    assert "Parser(sql)" in inspect.getsource(script.parse_script)


def test_the_rules_that_we_stand_before_or_replace_are_there():
    assert parameters.variable in rules.NODE_RULES
    assert table_rules.system_variable in rules.NODE_RULES
    assert typing.annotate in rules.STATEMENT_RULES
    assert strings.format_ in rules.NODE_RULES
    assert {"TABLE_FUNCTION", "DROP_PROCEDURE"} == query.DRY_STATEMENT_TYPES.keys()


def test_jobs_query_takes_its_request_id_for_a_job_id_and_keeps_it_in_the_configuration():
    source = inspect.getsource(api_jobs.run_query)
    assert "job_id = body.requestId or" in source
    assert "runner.submit(project_id, job_id, configuration)" in source
    assert "runner.wait(project_id, job_id, body.timeoutMs)" in source
    assert "requestId" not in (*api_jobs.QUERY_CONFIGURATION, *api_jobs.QUERY_ONLY)


def test_sqlglot_parses_the_function_into_its_own_node():
    call = "ML.GENERATE_EMBEDDING(MODEL `d.m`, TABLE d.t, STRUCT(128 AS output_dimensionality))"
    statement = f"SELECT * FROM {call} AS e"
    with pytest.raises(errors.BigQueryError, match=r"ML\.GENERATE_EMBEDDING is not implemented yet"):
        translate.parse(statement)
    tree = sqlglot.parse_one(statement, dialect="bigquery")
    node = tree.find(exp.GenerateEmbedding)
    assert isinstance(node.parent, exp.Table)
    assert node.parent.db == "ML"
    assert node.parent.alias == "e"
    assert isinstance(node.this, exp.Table)
    assert isinstance(node.expression, exp.Table)
    [option] = node.args["params_struct"].expressions
    assert isinstance(option, exp.PropertyEQ)
