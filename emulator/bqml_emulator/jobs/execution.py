"""What the current thread executes: which job, on which DuckDB cursor, for real or only for its schema."""

import contextlib
import contextvars
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import duckdb
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import query, runner
from local_bigquery.models import JobConfigurationQuery
from sqlglot import exp

from bqml_emulator.billing import query_bytes
from bqml_emulator.core import faults, limits
from bqml_emulator.core.order import Order
from bqml_emulator.core.rules import Rule
from bqml_emulator.engine import catalog_lookups

POLL_SECONDS = 0.05  # between two looks at whether a job that is held up was cancelled


@dataclass
class Execution:
    """A query job, a dry run (no effects), DDL of the REST API, or a load, copy or extract job (no text)."""

    cursor: duckdb.DuckDBPyConnection
    project_id: str
    job_id: str | None
    config: JobConfigurationQuery
    schema_only: bool
    is_script: bool = False  # or of a session: more than this statement belongs to it
    embedded_rows: int = 0  # of the statement, whose job they count for
    read: list[list[query_bytes.Read]] = field(default_factory=list)  # by each expression of a script
    temporary: list[str] = field(default_factory=list)
    transaction: Any = None  # commits.Transaction, while there is one
    analysis: Any = None  # analyzer.door.Analysis of the statement
    held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)  # until the statement has ended

    @property
    def text(self) -> str:
        """The job's SQL."""
        return self.config.query or ""

    def bill(self, tree: Any, context: Any):
        """Add what an expression of a script reads; one that costs more than it may is refused."""
        read = query_bytes.measure(tree.copy(), context, self.cursor)  # a copy stands alone
        query_bytes.check_limit(read, self.config)
        self.read.append(read)

    def check_cancelled(self):
        """Stop here if jobs.cancel was called; the job then ends as DONE with reason stopped."""
        running = runner._running.get((self.project_id, self.job_id))
        if running is not None and running.cancelled:
            raise duckdb.InterruptException()

    def meet_faults(self):
        """Be stuck, slow or dead before anything is done, as the faults say."""
        ready = time.monotonic() + (faults.current().slow_jobs_seconds if self.job_id else 0.0)
        while faults.current().holds(self.job_id) or time.monotonic() < ready:
            self.check_cancelled()
            time.sleep(POLL_SECONDS)
        calls_model = "GENERATE_EMBEDDING" in self.text.upper()  # such a job dies between its calls
        if not calls_model and faults.current().kills(self.job_id):
            raise BigQueryError("jobBackendError", limits.JOB_DIED)

    def drop_temporary(self):
        """Free the temporary tables of the statement that has ended."""
        with contextlib.suppress(duckdb.Error):  # in an aborted transaction they are gone already
            while self.temporary:
                self.cursor.execute(f'DROP TABLE IF EXISTS temp.main."{self.temporary.pop()}"')


# called once for every statement that is run or dry run, before it is translated; the first ones refuse it
before_statement: Order[Rule] = Order("what comes before a statement")
_current: contextvars.ContextVar[Execution | None] = contextvars.ContextVar("execution", default=None)


def current() -> Execution | None:
    """The execution this thread is in, or None outside of one (a view made by the REST API)."""
    return _current.get()


@contextlib.contextmanager
def schema_only() -> Iterator[None]:
    """Within this block statements are translated for their columns only; nothing is called or written."""
    execution = current()
    before = execution.schema_only if execution else True
    if execution:
        execution.schema_only = True
    try:
        yield
    finally:
        if execution:
            execution.schema_only = before


def install():
    """Know, in every statement rule, what is being executed."""
    execute, run, declared_schema = query.execute, query._run, query._declared_schema

    def tracked_execute(cur, project_id, job_id, config, dry_run=False, session=None):
        running = Execution(cur, project_id, job_id, config, dry_run)
        token = _current.set(running)
        try:
            running.meet_faults()
            statistics, children, result = execute(cur, project_id, job_id, config, dry_run, session)
            return query_bytes.total(statistics, children, running.read), children, result
        finally:
            _current.reset(token)

    def tracked_run(cur, tree, context, destination, config, dry_run, isolated):
        is_query = isinstance(tree, exp.Query)
        with (
            schema_only() if tree.args.get("kind") == "VIEW" else contextlib.nullcontext(),
            catalog_lookups.once() if is_query else contextlib.nullcontext(),
        ):
            running = current()
            running.embedded_rows, running.is_script = 0, isolated
            try:
                read = query_bytes.measure(tree, context, cur)
                if not dry_run:
                    query_bytes.check_limit(read, config)
                for hook in before_statement.steps():
                    tree = hook(tree, context)
                statistics = run(cur, tree, context, destination, config, dry_run, isolated)
                return query_bytes.add(statistics, read, dry_run)
            finally:
                running.drop_temporary()
                running.held.close()

    def untouched_declared_schema(cur, tree, context):
        with schema_only():
            return declared_schema(cur, tree, context)

    query.execute, query._run = tracked_execute, tracked_run
    query._declared_schema = untouched_declared_schema
    _install_for_handlers()


def _install_for_handlers():
    """The same for jobs that load, copy and extract."""
    handle = runner._handle

    def tracked_handle(job, job_type, running, upload):
        reference = job.jobReference
        token = _current.set(
            Execution(None, reference.projectId, reference.jobId, JobConfigurationQuery(), False)
        )
        try:
            return handle(job, job_type, running, upload)
        finally:
            _current.reset(token)

    def tracked(handler):
        def run_handler(cursor, config, upload):
            current().cursor = cursor
            current().meet_faults()
            return handler(cursor, config, upload)

        return run_handler

    runner._handle = tracked_handle
    runner.HANDLERS.update({kind: tracked(handler) for kind, handler in runner.HANDLERS.items()})
