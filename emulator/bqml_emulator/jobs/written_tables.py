"""The job of a statement that writes a table names it as its destination.

Not documented, but people find by INFORMATION_SCHEMA.JOBS.destination_table who writes a table, and Airflow's
OpenLineage takes the outputs of a job from it (apache-airflow-providers-google 22.8.0).
"""

from local_bigquery.api import jobs as api
from local_bigquery.catalog import names
from local_bigquery.jobs import query, runner
from local_bigquery.models import Job, JobStatistics2, TableReference
from sqlglot import exp

from bqml_emulator.jobs import children, temporary_tables

AFTER = (children,)  # which take away the destination that local-bigquery gives them all
KEY = "writtenTable"  # of a statement, among its statistics until the record of its job is made
WRITING = ("INSERT", "UPDATE", "DELETE", "MERGE", "CREATE_TABLE_AS_SELECT")


def _written(tree: exp.Expression, context) -> TableReference | None:
    """The table that a statement writes; none for a temporary one."""
    target = names.target(tree)
    if target is None or tree.find(exp.TemporaryProperty) or temporary_tables.is_temporary(target, context):
        return None
    keys = names.reference(target, context.project_id, context.dataset_id)
    return TableReference(projectId=keys[0], datasetId=keys[1], tableId=keys[2]) if all(keys) else None


def noted(statistics: JobStatistics2, tree: exp.Expression, context) -> JobStatistics2:
    """A statement's statistics with the table that it writes."""
    written = _written(tree, context) if statistics.statementType in WRITING else None
    return statistics.replace(**{KEY: written.dump()}) if written else statistics


def _with_destination(job: Job, table: TableReference | None) -> Job:
    config = job.configuration
    return job.replace(configuration=config.replace(query=config.query.replace(destinationTable=table)))


def install():
    """Note the table with the statement, and show it with its job; no rows are read from it as a result."""
    run, done, results = query._run, runner._done, api.results

    def run_and_note(cur, tree, context, *options):
        return noted(run(cur, tree, context, *options), tree, context)

    def done_with_destination(job, statistics, error=None):
        job = done(job, statistics, error)
        found = job.statistics.query
        if found is None or KEY not in (found.model_extra or {}):
            return job
        written = TableReference.model_validate(found.model_extra[KEY])
        job = job.replace(statistics=job.statistics.replace(query=found.without(KEY)))
        return _with_destination(job, written)

    def results_without_destination(job, *arguments):
        query_statistics = job.statistics.query
        if query_statistics and query_statistics.statementType in WRITING:
            job = _with_destination(job, None)
        return results(job, *arguments)

    query._run, runner._done = run_and_note, done_with_destination
    api.results = results_without_destination
