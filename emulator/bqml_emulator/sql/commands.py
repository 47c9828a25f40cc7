"""Statements that sqlglot leaves unparsed and this emulator runs; tried before local-bigquery's own."""

from local_bigquery.catalog import row_access
from local_bigquery.models import JobStatistics2

from bqml_emulator.core.statement import Statement
from bqml_emulator.jobs import execution
from bqml_emulator.objects import connections, object_tables


def run(
    command: str, keyword: str, project_id: str, dataset_id: str | None, dry_run: bool
) -> JobStatistics2 | None:
    """Run one such statement and return its statistics, or None when it is not one of ours.

    `keyword` is the first word (CREATE, DROP, GRANT, REVOKE), `command` the text after it.
    """
    statement = Statement(command)
    if keyword == "GRANT":
        return connections.grant(statement, project_id, dry_run)
    if keyword == "REVOKE":
        return connections.revoke(statement, project_id, dry_run)
    replace = keyword == "CREATE" and statement.match("OR", "REPLACE")
    if keyword in ("CREATE", "DROP") and not replace and statement.match("CONNECTION"):
        act = connections.create if keyword == "CREATE" else connections.drop
        return act(statement, project_id, dry_run)
    if keyword == "CREATE" and statement.match("EXTERNAL", "TABLE"):
        return object_tables.create(statement, replace, project_id, dataset_id, dry_run)
    if keyword == "DROP" and statement.match("EXTERNAL", "TABLE"):
        return object_tables.drop(statement, project_id, dataset_id, dry_run)
    return None


def install():
    """Chain in front of the first handler local-bigquery asks for every unparsed statement."""
    original = row_access.ddl

    def ddl(command, keyword, project_id, dataset_id, dry_run):
        ours = run(command, keyword, project_id, dataset_id, dry_run)
        return ours or original(command, keyword, project_id, dataset_id, dry_run)

    row_access.ddl = ddl
    execution.before_statement.add(connections.refuse_parsed_grant, first=True)
