"""Cloud resource connections and the roles of their service accounts, checked where BigQuery checks."""

import hashlib
import json
import time
from dataclasses import dataclass

import duckdb
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError, already_exists, not_found
from local_bigquery.models import JobStatistics2
from sqlglot import exp

from bqml_emulator.core import faults, limits
from bqml_emulator.core.config import LOCATION
from bqml_emulator.core.statement import Statement
from bqml_emulator.engine import database_files

SCHEMA = """
CREATE TABLE IF NOT EXISTS emulator.connections (
    project_id VARCHAR, location VARCHAR, connection_id VARCHAR, resource JSON NOT NULL,
    PRIMARY KEY (project_id, location, connection_id)
);
CREATE TABLE IF NOT EXISTS emulator.grants (
    project_id VARCHAR, role VARCHAR, member VARCHAR, granted_at DOUBLE NOT NULL,
    PRIMARY KEY (project_id, role, member)
);
"""
OPTIONS = {"connection_type", "friendly_name", "description"}
NOT_A_PROJECT = "not emulated: GRANT and REVOKE on anything but a PROJECT"
ALWAYS = 0.0  # granted_at of what never has to propagate, in seconds since 1970


@dataclass(frozen=True)
class Connection:
    """The path of a connection; whether it exists is another question."""

    project_id: str
    location: str
    connection_id: str

    @property
    def keys(self) -> list[str]:
        return [self.project_id, self.location, self.connection_id]

    @property
    def resource_name(self) -> str:
        return f"projects/{self.project_id}/locations/{self.location}/connections/{self.connection_id}"

    @property
    def account(self) -> str:
        """The service account BigQuery would make: bqcx-<project number>-<4 characters>@…"""
        number = 10**11 + int(hashlib.sha256(self.project_id.encode()).hexdigest(), 16) % (9 * 10**11)
        suffix = hashlib.sha256(self.resource_name.encode()).hexdigest()[:4]
        return f"bqcx-{number}-{suffix}@gcp-sa-bigquery-condel.iam.gserviceaccount.com"

    def as_json(self) -> dict:
        """The connection in the form of the REST API."""
        where = "WHERE project_id = ? AND location = ? AND connection_id = ?"
        [(stored,)] = database.fetch(f"SELECT resource FROM emulator.connections {where}", self.keys)
        options = json.loads(stored)
        texts = {"friendlyName": options.get("friendly_name"), "description": options.get("description")}
        given = {name: text for name, text in texts.items() if text}
        return {"name": self.resource_name, "cloudResource": {"serviceAccountId": self.account}} | given

    def exists(self) -> bool:
        query = (
            "SELECT 1 FROM emulator.connections WHERE project_id = ? AND location = ? AND connection_id = ?"
        )
        return bool(database.fetch(query, self.keys))

    def has_role(self, project_id: str, roles: set[str] | frozenset[str]) -> bool:
        """Whether the account holds one of the roles on the project, and has for long enough."""
        query = (
            "SELECT min(granted_at) FROM emulator.grants WHERE project_id = ? AND member = ? AND role IN ?"
        )
        [(granted_at,)] = database.fetch(query, [project_id, self.account, sorted(roles)])
        wait = faults.current().permission_propagation_seconds
        return granted_at is not None and (granted_at == ALWAYS or granted_at + wait <= time.time())

    def require(self, permission: str):
        """The caller's right to use the connection: everybody has it here, so the connection must exist."""
        if not self.exists():
            message = limits.CONNECTION_DENIED.format(connection=self.resource_name, permission=permission)
            raise BigQueryError("accessDenied", message)


def register(con: duckdb.DuckDBPyConnection):
    """Make the two tables this module keeps its facts in."""
    con.execute(SCHEMA)


def resolve(parts: list[str], project_id: str) -> Connection:
    """A connection named by 1, 2 or 3 parts, or DEFAULT, as seen from `project_id`."""
    if [part.upper() for part in parts] == ["DEFAULT"]:
        return Connection(project_id, LOCATION.lower(), limits.DEFAULT_CONNECTION)
    if len(parts) > 3:
        raise BigQueryError("invalidQuery", f"Invalid connection name {'.'.join(parts)}")
    padded = [project_id, LOCATION.lower()][: 3 - len(parts)] + parts
    location = padded[1].lower().removeprefix("region-")
    if location != LOCATION.lower():
        raise BigQueryError("invalidQuery", f"not emulated: location {padded[1]} (only {LOCATION} is)")
    return Connection(padded[0], location, padded[2])


def create_default(connection: Connection, roles: tuple[str, ...]):
    """What BigQuery does for WITH CONNECTION DEFAULT: make the connection and grant it what it needs."""
    if connection.connection_id != limits.DEFAULT_CONNECTION:
        return
    if not connection.exists():
        _save(connection, {"connection_type": "CLOUD_RESOURCE"})
    for role in roles:
        _grant(connection.project_id, role, connection.account, ALWAYS)


def _save(connection: Connection, options: dict):
    resource = {"serviceAccountId": connection.account, "creationTime": int(time.time() * 1000), **options}
    database.execute(
        "INSERT INTO emulator.connections VALUES (?, ?, ?, ?)", [*connection.keys, json.dumps(resource)]
    )


def _grant(project_id: str, role: str, member: str, granted_at: float):
    database.execute(
        "INSERT OR IGNORE INTO emulator.grants VALUES (?, ?, ?, ?)", [project_id, role, member, granted_at]
    )


def create(statement: Statement, project_id: str, dry_run: bool) -> JobStatistics2:
    """CREATE CONNECTION [IF NOT EXISTS] name OPTIONS (…), from after the keyword CONNECTION."""
    if_not_exists = statement.match("IF", "NOT", "EXISTS")
    connection = resolve(statement.take_name(), project_id)
    options = statement.take_options()
    statement.finish()
    if unknown := options.keys() - OPTIONS:
        raise BigQueryError("invalidQuery", f"Unknown option {min(unknown)} in CREATE CONNECTION")
    kind = options.get("connection_type")
    if kind != "CLOUD_RESOURCE":
        raise BigQueryError("invalidQuery", f"not emulated: connection_type {kind!r} (CLOUD_RESOURCE is)")
    found = connection.exists()
    if found and not if_not_exists:
        raise already_exists("Connection", connection.resource_name)
    if not found and not dry_run:
        _save(connection, options)
    return _statistics("CREATE_CONNECTION", "SKIP" if found else "CREATE")


def drop(statement: Statement, project_id: str, dry_run: bool) -> JobStatistics2:
    """DROP CONNECTION [IF EXISTS] name, from after the keyword CONNECTION; its grants go with it."""
    if_exists = statement.match("IF", "EXISTS")
    connection = resolve(statement.take_name(), project_id)
    statement.finish()
    found = connection.exists()
    if not found and not if_exists:
        raise not_found("Connection", connection.resource_name)
    if found and not dry_run:
        where = "WHERE project_id = ? AND location = ? AND connection_id = ?"
        database.execute(f"DELETE FROM emulator.connections {where}", connection.keys)
        database.execute("DELETE FROM emulator.grants WHERE member = ?", [connection.account])
    return _statistics("DROP_CONNECTION", "DROP" if found else "SKIP")


def grant(statement: Statement, project_id: str, dry_run: bool) -> JobStatistics2:
    """GRANT roles ON PROJECT p TO members, from after GRANT."""
    roles, target, members = _grants(statement, "TO", project_id)
    if not dry_run:
        for role in roles:
            for member in members:
                _grant(target, role, member, time.time())
    return JobStatistics2(statementType="GRANT")


def revoke(statement: Statement, project_id: str, dry_run: bool) -> JobStatistics2:
    """REVOKE roles ON PROJECT p FROM members, from after REVOKE."""
    roles, target, members = _grants(statement, "FROM", project_id)
    if not dry_run:
        where = "WHERE project_id = ? AND role IN ? AND member IN ?"
        database.execute(f"DELETE FROM emulator.grants {where}", [target, roles, members])
    return JobStatistics2(statementType="REVOKE")


def _grants(statement: Statement, preposition: str, project_id: str) -> tuple[list[str], str, list[str]]:
    roles = [".".join(parts) for parts in statement.take_list(statement.take_name)]
    statement.take("ON")
    if not statement.match("PROJECT"):
        raise BigQueryError("invalidQuery", NOT_A_PROJECT)
    target = ".".join(statement.take_name())
    statement.take(preposition)
    members = [_member(text, project_id) for text in statement.take_list(statement.take_string)]
    statement.finish()
    if bad := [role for role in roles if not role.startswith("roles/")]:
        raise BigQueryError("invalidQuery", f"Invalid role {bad[0]}: a role is written `roles/name`")
    return roles, target, members


def refuse_parsed_grant(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: sqlglot parses only GRANT and REVOKE on a schema, table or view itself."""
    if isinstance(tree, exp.Grant | exp.Revoke):
        raise BigQueryError("invalidQuery", NOT_A_PROJECT)
    return tree


def _member(text: str, project_id: str) -> str:
    """The principal behind "connection:…", "serviceAccount:…", "user:…" and the like."""
    kind, separator, name = text.partition(":")
    if kind == "connection" and separator:
        connection = resolve(name.split("."), project_id)
        if not connection.exists():
            raise not_found("Connection", connection.resource_name)
        return connection.account
    if kind == "serviceAccount" and separator:
        return name
    if kind in ("user", "group", "domain", "specialGroup") and separator:
        return text
    raise BigQueryError(
        "invalidQuery", f'Invalid member "{text}": write "connection:us.name" or "user:name@…"'
    )


def _statistics(statement_type: str, operation: str) -> JobStatistics2:
    return JobStatistics2(statementType=statement_type, ddlOperationPerformed=operation)


def install():
    """Have them in every database."""
    database_files.on_connect.append(register)
