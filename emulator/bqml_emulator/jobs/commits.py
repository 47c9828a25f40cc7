"""What a job writes and the note that it has written it, committed together.

Jobs are recorded in another DuckDB file than the tables, and DuckDB commits to one file at a time. The
process may die between the two commits: the note, in the table's own file, then tells that the job had
succeeded.
A script has no note, because it is no transaction: if it is cut off, its finished statements stay.
"""

import contextlib
import json
from typing import Self

import duckdb
from local_bigquery.catalog import ddl, names, tables
from local_bigquery.engine import database, results
from local_bigquery.engine.database import quote
from local_bigquery.jobs import query, runner
from local_bigquery.models import DatasetReference, Job, JobStatistics
from local_bigquery.sql.rules.ddl import normalise
from local_bigquery.sql.translate import parse
from sqlglot import exp

from bqml_emulator.engine import database_files, full_disk
from bqml_emulator.jobs import execution, written_tables
from bqml_emulator.jobs.execution import Execution

NOTES = "main._bqml_commits"  # in every project's file


class Transaction:
    """A DuckDB transaction on the cursor of an execution; what is not committed when it ends is undone."""

    def __init__(self, running: Execution, project_id: str | None, statistics: dict | None = None):
        self._running = running
        self._project_id = None if running.is_script or not running.job_id else project_id
        self._statistics = statistics or {}
        self._is_open = False

    def __enter__(self) -> Self:
        self._running.cursor.execute("BEGIN")
        self._is_open, self._running.transaction = True, self
        return self

    def commit(self, statistics: dict | None = None):
        """Commit, with the statistics that the job will show; does nothing the second time."""
        if not self._is_open:
            return
        if self._project_id:
            values = [
                self._running.project_id,
                self._running.job_id,
                json.dumps(statistics or self._statistics),
            ]
            self._running.cursor.execute(
                f"INSERT INTO {quote(self._project_id)}.{NOTES} VALUES (?, ?, ?)", values
            )
        try:
            self._running.cursor.execute("COMMIT")
        except duckdb.Error as error:
            if not full_disk.is_durable(error):
                raise
        self._is_open = False

    def __exit__(self, error, *_):
        self._running.transaction = None
        if self._is_open:  # after an error, or because there was nothing to do
            roll_back(self._running.cursor)


def roll_back(cursor: duckdb.DuckDBPyConnection):
    """Undo the open transaction, if there still is one, also in a job that is being cancelled."""
    try:
        cursor.execute("ROLLBACK")
    except duckdb.InterruptException:
        roll_back(cursor)
    except duckdb.Error:
        pass  # a failed COMMIT has rolled back already


def found() -> dict[tuple[str, str], dict]:
    """Statistics of the jobs that have written what they had to, by project and job id."""
    notes = [note for name in database.projects() for note in database.fetch(f"FROM {quote(name)}.{NOTES}")]
    return {(project_id, job_id): json.loads(statistics) for project_id, job_id, statistics in notes}


def forget():
    """Drop all notes; once the jobs are recorded as done nobody needs them."""
    for name in database.projects():
        database.execute(f"DELETE FROM {quote(name)}.{NOTES}")


def done(job: Job, statistics: dict) -> Job:
    """The job as finished; what DDL tells of a table beside its rows is recorded again."""
    kind = job.configuration.jobType.lower()
    if kind == "query":
        _apply_again(job)
    return runner._done(job, JobStatistics.model_validate({kind: statistics}))


def _apply_again(job: Job):
    config = job.configuration.query
    default = config.defaultDataset or DatasetReference()
    for tree in parse(config.query):
        if isinstance(tree, query.DDL):
            project_id = default.projectId or job.jobReference.projectId
            with database.cursor() as cursor:
                ddl.apply(normalise(tree), project_id, default.datasetId, query._evaluator(cursor))


def definition(running: Execution, tree: exp.Expression, context) -> contextlib.AbstractContextManager:
    """The transaction that a statement on a table or view runs in when it is all of its job."""
    table = names.target(tree)
    if running.is_script or not isinstance(tree, query.DDL) or tree.args.get("kind") not in ("TABLE", "VIEW"):
        return contextlib.nullcontext()
    statistics = query._ddl(tree, context).replace(statementType=query.statement_type(tree))
    noted = written_tables.noted(statistics, tree, context)
    return Transaction(running, table.catalog or context.project_id, noted.dump())


def register(con: duckdb.DuckDBPyConnection, project_id: str):
    """Make the table of notes in a project's file."""
    con.execute(
        f"CREATE TABLE IF NOT EXISTS {quote(project_id)}.{NOTES} "
        "(project_id VARCHAR, job_id VARCHAR, statistics JSON)"
    )


def install():
    """Commit where local-bigquery has written a job's data and goes on to describe it elsewhere."""
    database_files.on_attach.append(register)
    apply, write, materialise = ddl.apply, tables.write, results.materialise

    def commit():
        running = execution.current()
        if running and running.transaction:
            running.transaction.commit()

    def commit_and_apply(*arguments):
        commit()
        apply(*arguments)

    def write_in_transaction(cur, query, params, reference, config, *options, isolated=False):
        running = execution.current()
        if isolated or running is None or reference[1] == tables.RESULTS:
            return write(cur, query, params, reference, config, *options, isolated=isolated)
        with database.writing(*reference), Transaction(running, reference[0]):
            return write(cur, query, params, reference, config, *options)

    def materialise_and_commit(*arguments):
        materialise(*arguments)
        commit()

    ddl.apply, tables.write, results.materialise = (
        commit_and_apply,
        write_in_transaction,
        materialise_and_commit,
    )
