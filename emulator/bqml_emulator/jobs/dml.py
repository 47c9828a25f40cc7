"""DML as BigQuery runs it: with WHERE, one source row for a target row, conflicts rerun and then reported.

Here the writers of one table take turns, so statements outside of transactions hardly ever conflict. What
DuckDB calls a conflict all the same (a table altered or replaced meanwhile) is run again, as documented.
"""

import contextlib
import re
import threading
from collections.abc import Callable, Iterator

import duckdb
from local_bigquery.catalog import names
from local_bigquery.engine import database, sessions
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import merge, query, store
from local_bigquery.models import JobStatistics2
from local_bigquery.sql.translate import translate
from sqlglot import exp

from bqml_emulator.core import limits
from bqml_emulator.jobs import commits, dml_queue, execution, temporary_tables, written_tables
from bqml_emulator.jobs.dml_queue import Table
from bqml_emulator.jobs.execution import Execution

BEFORE = (execution,)  # which prepares a statement around what is done here
AFTER = (written_tables,)  # which tells of a statement what is committed with it
MUTATIONS = exp.Update | exp.Delete | exp.Merge | exp.TruncateTable
CONFLICT = re.compile("conflict", re.IGNORECASE)  # of the errors DuckDB raises as TransactionException
_open: dict[duckdb.DuckDBPyConnection, list[Table]] = {}  # transactions begun by a user: the tables written
_at_end: dict[duckdb.DuckDBPyConnection, list[Callable[[], None]]] = {}  # of those transactions
_locks: dict[Table, threading.RLock] = {}
_locks_lock = threading.Lock()


def target(tree: exp.Expression, context) -> Table | None:
    """The table that a DML statement writes to; None for a temporary one and for other statements."""
    table = names.target(tree) if isinstance(tree, names.DML) else None
    if table is None or temporary_tables.is_temporary(table, context):
        return None
    return names.reference(table, context.project_id, context.dataset_id or "")


def queue(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: wait until it may run beside the others on its table; its job shows that."""
    running, table = execution.current(), target(tree, context)
    if running.schema_only or not table or not isinstance(tree, MUTATIONS) or running.cursor in _open:
        return tree

    def show(state: str):
        job = None if running.is_script else store.load(running.project_id, running.job_id or "")
        if job:
            store.save(job.replace(status={"state": state}))

    running.held.enter_context(dml_queue.slot(table, running.check_cancelled, show))
    return tree


def run(
    running: Execution, tree: exp.Expression, context, statement: Callable[[], JobStatistics2]
) -> JobStatistics2:
    """Run a statement, which is no dry run, within the transaction it needs."""
    table = target(tree, context)
    if running.cursor in _open:
        return _inside(running, tree, context, table, statement)
    if not isinstance(tree, names.DML):
        with commits.definition(running, tree, context):
            statistics = statement()
        if isinstance(tree, exp.Transaction):
            _open[running.cursor] = []
        return statistics
    for _ in range(1 + limits.DML_RERUNS):
        with contextlib.suppress(Conflict):
            return _alone(running, tree, context, table, statement)
    raise BigQueryError("invalidQuery", limits.NOT_SERIALIZABLE.format(table=names.label(*table)))


class Conflict(Exception):
    """DuckDB could not run or commit beside what others did."""


@contextlib.contextmanager
def _conflicts() -> Iterator[None]:
    try:
        yield
    except duckdb.TransactionException as error:
        if CONFLICT.search(str(error)):
            raise Conflict(str(error)) from error
        raise


def _alone(
    running: Execution, tree: exp.Expression, context, table: Table | None, statement: Callable
) -> JobStatistics2:
    """A statement that is a transaction of its own."""
    with database.writing(*table) if table else contextlib.nullcontext(), _conflicts():
        with commits.Transaction(running, table and table[0]) as transaction:
            _check_matches(running, tree, context)
            statistics = statement()
            transaction.commit(statistics.dump())
        return statistics


def _inside(
    running: Execution, tree: exp.Expression, context, table: Table | None, statement: Callable
) -> JobStatistics2:
    """A statement of a transaction that was begun before."""
    if table:
        _open[running.cursor].append(table)
        if isinstance(tree, MUTATIONS) and not dml_queue.join(table, running.cursor):
            raise _abort(running.cursor, "")
    try:
        with _conflicts():
            _check_matches(running, tree, context)
            statistics = statement()
    except Conflict as conflict:
        raise _abort(running.cursor, str(conflict)) from conflict
    if isinstance(tree, exp.Commit | exp.Rollback):
        end_transaction(running.cursor)
    return statistics


def _abort(cursor: duckdb.DuckDBPyConnection, message: str) -> BigQueryError:
    """Cancel the open transaction; the table is the one that DuckDB names or the last written."""
    written = _open[cursor]
    table = next((keys for keys in written if f'"{keys[-1]}"' in message), written[-1])
    commits.roll_back(cursor)
    end_transaction(cursor)
    return BigQueryError("invalidQuery", limits.TRANSACTION_ABORTED.format(table=names.label(*table)))


def end_transaction(cursor: duckdb.DuckDBPyConnection):
    """The transaction begun on this cursor, if any, is over; what it changed is free for others."""
    if _open.pop(cursor, None) is not None:
        dml_queue.leave(cursor)
    for call in _at_end.pop(cursor, []):
        call()


def at_end(cursor: duckdb.DuckDBPyConnection, call: Callable[[], None]) -> bool:
    """Call this when the transaction begun on the cursor has ended; False if there is none."""
    if cursor in _open:
        _at_end.setdefault(cursor, []).append(call)
    return cursor in _open


def _check_matches(running: Execution, tree: exp.Expression, context):
    """UPDATE … FROM needs one source row at most for each row of its target (MERGE checks it itself)."""
    if not isinstance(tree, exp.Update) or not tree.args.get("from_"):
        return
    row = f"{tree.this.alias_or_name}.rowid"
    pairs = exp.select("1").from_(tree.this.copy()).where(tree.args["where"].this.copy())
    pairs.set("joins", [exp.Join(this=tree.args["from_"].this.copy())])
    pairs = pairs.group_by(row).having("COUNT(*) > 1").limit(1)
    sql, bound = translate(pairs, context)
    if running.cursor.execute(sql, bound).fetchall():
        raise BigQueryError("invalidQuery", limits.SEVERAL_MATCHES)


def require_where(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: UPDATE and DELETE say which rows."""
    if isinstance(tree, exp.Update | exp.Delete) and not tree.args.get("where"):
        script = execution.current().text
        before = script[: max(0, script.find(context.system["statement_text"]))]
        position = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
        verb = type(tree).__name__.upper()
        raise BigQueryError("invalidQuery", limits.WHERE_MISSING.format(verb=verb, position=position))
    return tree


def keep_nulls(tree: exp.Expression, context) -> exp.Expression:
    """Before a MERGE: SET x = NULL, which local-bigquery would write as a comparison, so as NULL alone."""
    updates = [when.args["then"] for when in tree.find_all(exp.When)] if isinstance(tree, exp.Merge) else []
    for update in updates:
        for assignment in update.expressions if isinstance(update, exp.Update) else []:
            if isinstance(assignment.expression, exp.Null):
                assignment.set("expression", exp.paren(exp.null()))
    return tree


def unnest_source(tree: exp.Expression, context) -> exp.Expression:
    """Before a MERGE: an array as its source, which local-bigquery would name twice, becomes a subquery."""
    source = tree.args["using"] if isinstance(tree, exp.Merge) else None
    if isinstance(source, exp.Unnest):
        alias = source.args.get("alias")
        name = alias.columns[0].name if alias and alias.columns else alias.name if alias else ""
        source.replace(exp.select("*").from_(source.copy()).subquery(name or "_bqml_source"))
    return tree


@contextlib.contextmanager
def writing(*table: str) -> Iterator[None]:
    """Replaces `database.writing`: a turn at a table, which its holder may take again."""
    with _locks_lock:
        lock = _locks.setdefault(tuple(part.casefold() for part in table), threading.RLock())
    with lock:
        yield


class JoinedCursor:
    """A cursor for local-bigquery's MERGE, which would begin a transaction though it runs in one: DuckDB does
    not only refuse that but ends the open one."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection):
        self._cursor = cursor

    def execute(self, sql: str, *parameters) -> duckdb.DuckDBPyConnection:
        if sql == "BEGIN":
            raise duckdb.TransactionException("within a transaction")
        return self._cursor.execute(sql, *parameters)


def install():
    """Run every statement by these rules."""
    database.writing = writing
    execution.before_statement.add(require_where, first=True)
    execution.before_statement.add(keep_nulls)
    execution.before_statement.add(unnest_source)
    execution.before_statement.add(queue)
    abort, run_merge = sessions.abort, merge.run
    execute, run_plainly = query.execute, query._run

    def run_in_transaction(cur, tree, context, destination, config, dry_run, isolated):
        def statement() -> JobStatistics2:
            return run_plainly(cur, tree, context, destination, config, dry_run, isolated)

        running = execution.current()
        return statement() if running.schema_only else run(running, tree, context, statement)

    def execute_to_the_end(cur, project_id, job_id, config, dry_run=False, session=None):
        try:
            return execute(cur, project_id, job_id, config, dry_run, session)
        finally:
            if session is None:
                end_transaction(cur)  # closing the cursor rolls back

    def abort_session(session_id: str):
        session = sessions._sessions.get(session_id)
        abort(session_id)
        if session:
            end_transaction(session.cursor)

    merge.run = lambda cursor, tree, context: run_merge(JoinedCursor(cursor), tree, context)
    query._run, query.execute, sessions.abort = run_in_transaction, execute_to_the_end, abort_session
