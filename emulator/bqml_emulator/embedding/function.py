"""ML.GENERATE_EMBEDDING and AI.GENERATE_EMBEDDING as table functions.

When a statement with the function is executed, its input query is evaluated, the model is called once for
every row, and the function is replaced by the temporary tables that hold rows and answers. So a row is called
exactly once whatever the outer query does with it. In a dry run, or when a view is created, the function is
replaced by a query with its columns and no rows, and nothing is called.
"""

import concurrent.futures
import functools
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import sqlglot
from local_bigquery.catalog import names
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs.query import statement_type
from local_bigquery.sql.dialect import BigQueryDialect
from local_bigquery.sql.translate import parse, translate
from sqlglot import exp

from bqml_emulator.core import expressions, faults, limits
from bqml_emulator.core.rules import statement_rules
from bqml_emulator.embedding import arguments, quota, remote_models
from bqml_emulator.embedding.arguments import Options
from bqml_emulator.embedding.service import Answer, EmbeddingService
from bqml_emulator.jobs import dml, execution
from bqml_emulator.jobs.execution import Execution
from bqml_emulator.objects import object_refs
from bqml_emulator.sql import bignumeric, created_tables, refusals, stored_arrays, struct_fields

# Names that neither a column of the input nor a script variable will have
ROW, GENERATION, VECTOR, STATUS = "_bqml_row", "_bqml_generation", "_bqml_vector", "_bqml_status"
ROWS, ANSWERS, CALLED = "_bqml_rows", "_bqml_answers", "_bqml_called"
PARALLEL_CALLS = 8  # per job; ours
CHUNK_ROWS = 512  # rows; bounds the memory for answers that are not in DuckDB yet: 512 × 1408 × 4 B = 2.9 MB
STORED_VIEWS = """
SELECT project_id, dataset_id, table_id, resource ->> '$.view.query' FROM emulator.tables
WHERE contains(CAST(resource AS VARCHAR), 'GENERATE_EMBEDDING(')
"""


@dataclass(frozen=True)
class Source:
    """What the input's rows hold, as DuckDB expressions over them."""

    is_image: bool
    value: str  # the uri, or the text
    generation: str = "NULL"  # of the object that must be read; NULL: as it is now
    refused: str = "NULL"  # the authorizer that must be able to read it, or the status instead of a call


TEXTS = Source(False, "content")
OBJECTS = Source(True, "uri", f'"{GENERATION}"')
REFS = Source(True, "content.uri", "TRY_CAST(content.version AS BIGINT)", "content.authorizer")
RUNTIMES = Source(  # values of OBJ.GET_ACCESS_URL
    True,
    "content ->> '$.objectref.uri'",
    "TRY_CAST(content ->> '$.objectref.version' AS BIGINT)",
    "CASE WHEN content ->> '$.access_urls.read_url' IS NULL "
    "OR content ->> '$.objectref.details.gcs_metadata.content_type' IS NULL "
    f"THEN '{limits.STATUS_NO_URL}' ELSE content ->> '$.objectref.authorizer' END",
)


def _refusal(project_id: str, refused: str) -> str:
    """The status of rows that may not be read: their own, or that of an authorizer; '': they may."""
    if refused == limits.STATUS_NO_URL:
        return refused
    try:
        object_refs.authorize(refused, project_id)
    except object_refs.RefError:
        return limits.STATUS_REF_DENIED
    return ""


def install():
    """Let the function through the parser, which refuses every model function, and expand it."""
    parser = BigQueryDialect.Parser
    refuses = parser._model_call

    def model_call(self) -> bool:
        return refuses(self) and self._curr.text.upper() != "GENERATE_EMBEDDING"

    parser._model_call = model_call
    checks = (dml.queue, stored_arrays.keep_created_arrays, struct_fields.check)  # before a call costs money
    execution.before_statement.add(expand_writing, after=checks)
    # What is refused costs no call; all other rules see plain queries.
    statement_rules.add(expand, after=(refusals.refuse, bignumeric.refuse_longer), first=True)


def expand(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: replace every GENERATE_EMBEDDING by a plain query; must run before the other rules."""
    tree = _inline_views(tree, context)
    if tree.find(exp.GenerateEmbedding) is None:
        return tree
    _refuse_definition(tree)
    expressions.name_placeholders(tree, context)
    while node := _next(tree):
        holder = node.parent
        if not isinstance(holder, exp.Table) or holder.db.upper() not in ("ML", "AI"):
            raise BigQueryError(
                "invalidQuery", "GENERATE_EMBEDDING must be called as ML. or AI.GENERATE_EMBEDDING in FROM"
            )
        replacement = exp.Subquery(this=_replacement(node, context), alias=holder.args.get("alias"))
        for key in ("joins", "pivots", "sample"):
            if value := holder.args.get(key):
                replacement.set(key, value)
        holder.replace(replacement)
    return tree


def expand_writing(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: one that writes a table is a transaction, and DML may be run again; so the calls
    are made beforehand."""
    is_table = isinstance(tree, exp.Create) and tree.args["kind"] == "TABLE"
    writes = isinstance(tree, names.DML) or (is_table and not created_tables.is_skipped(tree, context))
    return expand(tree.copy(), context) if writes and not execution.current().schema_only else tree


def _refuse_definition(tree: exp.Expression):
    """A definition that is evaluated by DuckDB later cannot call the model."""
    if isinstance(tree, exp.Create):
        kind = statement_type(tree).removeprefix("CREATE_")
        if kind not in ("VIEW", "TABLE_AS_SELECT"):
            raise BigQueryError(
                "invalidQuery", f"not emulated: GENERATE_EMBEDDING in CREATE {kind.replace('_', ' ')}"
            )


def _next(tree: exp.Expression) -> exp.GenerateEmbedding | None:
    """A call whose input, WITH clauses included, contains no other call."""
    nodes = list(tree.find_all(exp.GenerateEmbedding))
    for node in nodes:
        if arguments.input_query(node).find(exp.GenerateEmbedding) is None:
            return node
    return nodes[0] if nodes else None


def _inline_views(tree: exp.Expression, context) -> exp.Expression:
    """A stored view that calls the function is run as its query: DuckDB knows only its columns."""
    running, target = execution.current(), names.target(tree)
    views = {tuple(keys): sql for *keys, sql in database.fetch(STORED_VIEWS)}
    for table in list(tree.find_all(exp.Table)) if views else []:
        keys = names.reference(table, context.project_id, context.dataset_id)
        if keys not in views or table is target:
            continue
        if running is None or (isinstance(tree, exp.Create) and tree.args["kind"] == "VIEW"):
            message = (
                f"not emulated: a view over the view {names.label(*keys)}, which calls GENERATE_EMBEDDING"
            )
            raise BigQueryError("invalidQuery", message)
        if not running.schema_only:
            alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name))
            table.replace(exp.Subquery(this=parse(views[keys])[0], alias=alias.copy()))
    return tree


def _replacement(node: exp.GenerateEmbedding, context) -> exp.Query:
    running = execution.current()
    model_name, model = remote_models.get(node.this, context)
    facts = remote_models.facts(model)
    options = arguments.options(node, facts, context)
    query = arguments.input_query(node)
    is_cached = arguments.object_source(node, query, context)
    source = TEXTS if is_cached is None else OBJECTS
    if running is None or running.schema_only:
        if running:
            source = _source(_columns(running, *_translated(query, context)), node, facts, source)
        return _select(_without_rows(query), node, facts, options, source.is_image)
    remote_models.check_access(model)
    rows = _store_rows(running, query, context, is_cached)
    source = _source(_columns(running, f'SELECT * FROM "{rows}"', {}), node, facts, source)
    endpoint = model.remoteModelInfo.endpoint
    service = EmbeddingService(
        running.job_id or "", model_name, endpoint, facts, options.output_dimensionality
    )
    answers = _store_answers(running, rows, service, source)
    context.temporary |= {rows, answers}
    return _select(_joined(rows, answers), node, facts, options, source.is_image)


def _translated(query: exp.Query, context) -> tuple[str, dict]:
    """A part of the statement as DuckDB's SQL with its parameters; the whole is translated after it."""
    sql, bound = translate(query, context)
    context.used.clear()
    return sql, bound


def _columns(running: Execution, sql: str, bound: dict) -> dict[str, str]:
    """Names (lower case) and DuckDB types of a query's columns, without running it."""
    described = running.cursor.execute(f"DESCRIBE {sql}", bound).fetchall()
    return {name.casefold(): kind for name, kind, *_ in described}


def columns_of(running: Execution, query: exp.Query, context) -> dict[str, str]:
    """The columns of an input query with DuckDB's types; it is only looked at, no model is called."""
    position = context.position
    try:
        with execution.schema_only():
            return _columns(running, *_translated(query.copy(), context))
    finally:
        context.position = position


def _source(
    columns: dict[str, str], node: exp.GenerateEmbedding, facts: limits.EmbeddingModel, source: Source
) -> Source:
    """What the rows hold, now that the types of their columns are known."""
    function = arguments.function_name(node)
    if source is OBJECTS:
        if "uri" not in columns:
            raise BigQueryError(
                "invalidQuery", f"{function}: the query over the object table must return `uri`"
            )
        return OBJECTS
    kind = columns.get("content", "")
    if kind == "VARCHAR":
        return TEXTS
    if object_refs.is_ref(kind):
        return REFS
    if kind == "JSON":
        return RUNTIMES
    if kind.startswith(("STRUCT", "TUPLE")) and facts is not limits.MULTIMODAL_EMBEDDING:
        raise BigQueryError("invalidQuery", f"not emulated: {function} of several contents in a STRUCT")
    raise BigQueryError("invalidQuery", limits.NO_CONTENT_COLUMN.format(function=function))


def _temporary_name() -> str:
    return f"{ROW}_{uuid.uuid4().hex[:12]}"


def _store_rows(running: Execution, query: exp.Query, context, is_cached: str | None) -> str:
    """Evaluate the input once; its rows get a number that ties them to their answers, and the generation that
    must be read: that of the metadata cache, if the rows come from it. Both are asked in one statement."""
    name = _temporary_name()
    if is_cached is None:
        columns = f'CAST(NULL AS BIGINT) AS "{GENERATION}", *'
    else:
        query = query.select(exp.alias_(exp.column("generation"), GENERATION, quoted=True))
        columns = f'* REPLACE (CASE WHEN {is_cached} THEN "{GENERATION}" END AS "{GENERATION}")'
    sql, bound = _translated(query, context)
    running.cursor.execute(
        f'CREATE TEMP TABLE "{name}" AS SELECT row_number() OVER () AS "{ROW}", {columns} FROM ({sql})', bound
    )
    running.temporary.append(name)
    return name


def _store_answers(running: Execution, rows: str, service: EmbeddingService, source: Source) -> str:
    """Call the model for every row, a few at a time, and keep the answers in a temporary table."""
    name = _temporary_name()
    running.cursor.execute(
        f'CREATE TEMP TABLE "{name}" ("{ROW}" BIGINT, "{VECTOR}" FLOAT[], "{STATUS}" VARCHAR)'
    )
    running.temporary.append(name)
    inputs = running.cursor.execute(
        f'SELECT "{ROW}", {source.value}, {source.generation}, {source.refused} FROM "{rows}" ORDER BY 1',
    ).fetchall()
    embed = service.embed_image if source.is_image else service.embed_text
    refusals = functools.cache(functools.partial(_refusal, running.project_id))
    allowed = max(0, quota.rows_per_job(faults.current(), service.facts) - running.embedded_rows)
    running.embedded_rows += len(inputs)

    def call(value: str | None, generation: int | None, refused: str | None) -> Answer:
        running.check_cancelled()
        if value is not None and refused is not None and (status := refusals(refused)):
            return Answer(None, status)
        while value in faults.current().held_uris:
            time.sleep(execution.POLL_SECONDS)
            running.check_cancelled()
        return embed(value, generation)

    with quota.job_slot(running.project_id, running.check_cancelled):
        called, death = _until_death(running.job_id, inputs[:allowed])
        _call_all(running, name, called, call)
        if death:
            raise death
    _call_all(running, name, inputs[allowed:], lambda *_: Answer(None, limits.STATUS_ROWS_PER_JOB))
    return name


def _until_death(job_id: str | None, inputs: list[tuple]) -> tuple[list[tuple], BigQueryError | None]:
    """The rows that are called, and what ends the job after them if a fault kills it."""
    now = faults.current()
    for index, (_, value, *_) in enumerate(inputs):
        if value in now.poison_uris:
            return inputs[:index], BigQueryError("jobInternalError", limits.JOB_DIED)
    if now.kills(job_id):
        return inputs[: (len(inputs) + 1) // 2], BigQueryError("jobBackendError", limits.JOB_DIED)
    return inputs, None


def _call_all(running: Execution, table: str, inputs: list[tuple], call: Callable[..., Answer]):
    with concurrent.futures.ThreadPoolExecutor(PARALLEL_CALLS, "model-call") as pool:
        for start in range(0, len(inputs), CHUNK_ROWS):
            chunk = inputs[start : start + CHUNK_ROWS]
            numbers, *columns = zip(*chunk, strict=True)
            _append(running, table, numbers, list(pool.map(call, *columns)))


def _append(running: Execution, table: str, numbers: tuple[int, ...], answers: list[Answer]):
    vectors = [np.empty(0, np.float32) if a.vector is None else a.vector for a in answers]
    offsets = np.cumsum([0, *map(len, vectors)], dtype=np.int32)
    columns = {
        ROW: pa.array(numbers, pa.int64()),
        VECTOR: pa.ListArray.from_arrays(offsets, pa.array(np.concatenate(vectors), pa.float32())),
        STATUS: pa.array([a.status for a in answers], pa.string()),
    }
    running.cursor.register("_bqml_chunk", pa.table(columns))
    try:
        running.cursor.execute(f'INSERT INTO "{table}" SELECT * FROM _bqml_chunk')
    finally:
        running.cursor.unregister("_bqml_chunk")


def _joined(rows: str, answers: str) -> str:
    """FROM clause of the executed form: rows with their answers."""
    return (
        f"(SELECT {ANSWERS}.{VECTOR}, {ANSWERS}.{STATUS}, {ROWS}.* EXCEPT ({ROW}, {GENERATION}) "
        f"FROM {rows} AS {ROWS} JOIN {answers} AS {ANSWERS} ON {ROWS}.{ROW} = {ANSWERS}.{ROW})"
    )


def _without_rows(query: exp.Query) -> str:
    """FROM clause of the form that only has columns."""
    inner = query.sql(dialect=BigQueryDialect)
    return f"(SELECT CAST([] AS ARRAY<FLOAT64>) AS {VECTOR}, '' AS {STATUS}, * FROM ({inner}) WHERE FALSE)"


def own_columns(
    is_ai: bool, facts: limits.EmbeddingModel, options: Options, is_image: bool, vector: str, status: str
) -> str:
    """The function's own columns, which come before those of its input."""
    result = "embedding" if is_ai else "ml_generate_embedding_result"
    seconds = (
        ("video_start_sec", "video_end_sec")
        if is_ai
        else ("ml_generate_embedding_start_sec", "ml_generate_embedding_end_sec")
    )
    vector = f"CAST({vector} AS ARRAY<FLOAT64>)"
    if not options.flatten_json_output:
        key = "imageEmbedding" if is_image else "textEmbedding"
        vector = f"IF({status} = '', TO_JSON(STRUCT({vector} AS {key})), NULL)"
    columns = [
        f"{vector} AS {result}",
        f"{status} AS {'status' if is_ai else 'ml_generate_embedding_status'}",
    ]
    if facts is limits.MULTIMODAL_EMBEDDING:
        columns += [f"CAST(NULL AS INT64) AS {name}" for name in seconds if is_image]
    else:  # its fields are not documented
        columns.append(
            f"CAST(NULL AS JSON) AS {'statistics' if is_ai else 'ml_generate_embedding_statistics'}"
        )
    return ", ".join(columns)


def _select(
    source: str,
    node: exp.GenerateEmbedding,
    facts: limits.EmbeddingModel,
    options: Options,
    is_image: bool,
) -> exp.Query:
    """The function's columns in BigQuery's order: its own first, then those of the input."""
    is_ai = arguments.function_name(node).startswith("AI.")
    columns = own_columns(is_ai, facts, options, is_image, f"{CALLED}.{VECTOR}", f"{CALLED}.{STATUS}")
    sql = f"SELECT {columns}, {CALLED}.* EXCEPT ({VECTOR}, {STATUS}) FROM {source} AS {CALLED}"
    return sqlglot.parse_one(sql, dialect=BigQueryDialect)
