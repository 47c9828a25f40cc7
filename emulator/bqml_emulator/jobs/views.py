"""INFORMATION_SCHEMA.JOBS: what jobs.get tells, as a table.

Names, types and order of the columns: https://docs.cloud.google.com/bigquery/docs/information-schema-jobs
(2026-08-22). Left out are the columns that nothing here can fill, such as slots and reservations.
"""

import duckdb
from local_bigquery.sql.rules import information_schema
from sqlglot import exp

from bqml_emulator.core.rules import statement_rules
from bqml_emulator.engine import database_files
from bqml_emulator.jobs import running_jobs

VIEWS_OF_JOBS = ("JOBS", "JOBS_BY_PROJECT", "JOBS_BY_USER")
TABLE_REFERENCE = '{"projectId": "VARCHAR", "datasetId": "VARCHAR", "tableId": "VARCHAR"}'
VIEW = f"""
CREATE OR REPLACE VIEW emulator.main.job_view AS
SELECT to_timestamp(creation_time / 1000) AS creation_time, project_id,
    resource ->> '$.user_email' AS user_email,
    job_id, resource ->> '$.configuration.jobType' AS job_type,
    resource ->> '$.statistics.query.statementType' AS statement_type,
    coalesce(resource ->> '$.configuration.query.priority', 'INTERACTIVE') AS priority,
    to_timestamp(CAST(resource ->> '$.statistics.startTime' AS BIGINT) / 1000) AS start_time,
    to_timestamp(CAST(resource ->> '$.statistics.endTime' AS BIGINT) / 1000) AS end_time,
    resource ->> '$.configuration.query.query' AS query, state,
    CAST(resource ->> '$.statistics.totalBytesProcessed' AS BIGINT) AS total_bytes_processed,
    CASE WHEN (resource -> '$.status.errorResult') IS NOT NULL THEN {{
        'reason': resource ->> '$.status.errorResult.reason',
        'location': resource ->> '$.status.errorResult.location',
        'debug_info': resource ->> '$.status.errorResult.debugInfo',
        'message': resource ->> '$.status.errorResult.message'}} END AS error_result,
    CAST(resource ->> '$.statistics.query.cacheHit' AS BOOLEAN) AS cache_hit,
    {{'project_id': resource ->> '$.configuration.query.destinationTable.projectId',
      'dataset_id': resource ->> '$.configuration.query.destinationTable.datasetId',
      'table_id': resource ->> '$.configuration.query.destinationTable.tableId'}} AS destination_table,
    coalesce(list_transform(
        from_json(resource -> '$.statistics.query.referencedTables', '[{TABLE_REFERENCE}]'), lambda t:
        {{'project_id': t.projectId, 'dataset_id': t.datasetId, 'table_id': t.tableId}}), []
    ) AS referenced_tables,
    coalesce(CAST(map_entries(from_json(resource -> '$.configuration.labels', '"MAP(VARCHAR, VARCHAR)"'))
        AS STRUCT("key" VARCHAR, "value" VARCHAR)[]), []) AS labels,
    CAST(resource ->> '$.statistics.query.totalBytesBilled' AS BIGINT) AS total_bytes_billed, parent_job_id
FROM emulator.main.jobs
"""


def register(con: duckdb.DuckDBPyConnection):
    """Make the view that INFORMATION_SCHEMA.JOBS reads."""
    con.execute(VIEW)


def record_running(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: who reads the view finds the running jobs in it."""
    views = (information_schema._view(table) for table in tree.find_all(exp.Table))
    if any(found and found[0] in VIEWS_OF_JOBS for found in views):
        running_jobs.record()
    return tree


def install():
    """Replace local-bigquery's shorter view, whose times had no time zone."""
    database_files.on_connect.append(register)
    statement_rules.add(record_running)
    information_schema.JOBS = "SELECT * FROM emulator.main.job_view WHERE project_id = {project}"
