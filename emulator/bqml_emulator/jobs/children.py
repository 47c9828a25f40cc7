"""Child jobs of a script: each query keeps rows of its own, as any query job does.

local-bigquery writes every query of a script to the script's one table, so that only the last remains, and
gives each child the text of the whole script.
"""

from local_bigquery.catalog import tables
from local_bigquery.jobs import query, runner, store
from local_bigquery.models import Job, TableReference

TEXT = "statementText"  # of a child, among its statistics until its record is made
CHILD_ID = "script_job_{script}_{index}"  # as local-bigquery names them


def _of(result: TableReference, index: int) -> TableReference:
    """The table of a child's rows, named like every job's, next to the one of its script."""
    return result.replace(tableId=CHILD_ID.format(script=result.tableId, index=index))


def _with_destination(child: Job) -> Job:
    """The record of a child job, which local-bigquery gives the destination and the text of its script."""
    config, reference = child.configuration.query.without("destinationTable"), child.jobReference
    text = child.statistics.query.dump().get(TEXT)
    if text is not None:
        config = config.replace(query=text)
        statistics = child.statistics.replace(query=child.statistics.query.without(TEXT))
        child = child.replace(statistics=statistics)
    if child.statistics.query.statementType == "SELECT":
        table = TableReference(
            projectId=reference.projectId, datasetId=tables.RESULTS, tableId=reference.jobId
        )
        config = config.replace(destinationTable=table)
    return child.replace(configuration=child.configuration.replace(query=config))


def install():
    """Give the queries of a script tables of their own; the last is the result of the script."""
    statement, execute, done, delete = query._statement, query._execute, runner._done, tables.delete

    def statement_of_child(cur, tree, context, destination, *options):
        if not context.system["script.job_id"]:  # it has none outside of scripts
            return statement(cur, tree, context, destination, *options)
        text = context.system["statement_text"]
        if destination:
            destination = _of(destination, context.system["script.num_child_jobs"])
        return statement(cur, tree, context, destination, *options).replace(**{TEXT: text})

    def execute_with_last_result(*arguments):
        statistics, children, result = execute(*arguments)
        if [statement.kind for statement in arguments[-1]] == ["ASSERT"]:  # alone it is no script
            statistics = statistics.replace(statementType="ASSERT")
        return statistics, children, _of(result, len(children) - 1) if result and children else result

    def done_with_own_destination(job, statistics, error=None):
        job = done(job, statistics, error)
        return _with_destination(job) if statistics.parentJobId else job

    def delete_with_children(project_id, dataset_id, table_id):
        is_result = dataset_id == tables.RESULTS
        children = store.list_(project_id, parent_job_id=table_id) if is_result else []
        results = [child.jobReference.jobId for child in children] or [table_id]
        for result in results:
            if not children or tables.exists(project_id, dataset_id, result):
                delete(project_id, dataset_id, result)

    query._statement, query._execute = statement_of_child, execute_with_last_result
    runner._done, tables.delete = done_with_own_destination, delete_with_children
