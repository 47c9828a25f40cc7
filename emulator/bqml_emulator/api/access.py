"""What a caller may do, and which services are there: asked by tools before they begin.

Everybody may do everything here, except what the fault `denied_permissions` takes away; every service is
enabled, except what `disabled_services` names. Both are only said: nothing is refused for it. Google serves
each of these methods at an address of its own, and the emulator all of them at BigQuery's.
Sources (2026-08-22): https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/tables/testIamPermissions,
.../v2/routines/testIamPermissions, .../v2/rowAccessPolicies/testIamPermissions,
.../bigqueryconnection/rest/v1/projects.locations.connections,
https://docs.cloud.google.com/resource-manager/reference/rest/v1/projects/testIamPermissions,
https://docs.cloud.google.com/service-usage/docs/reference/rest/v1/services/batchGet.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from local_bigquery import app
from local_bigquery.catalog import iam
from local_bigquery.errors import BigQueryError, not_found

from bqml_emulator.core import faults, limits
from bqml_emulator.objects.connections import Connection

CONNECTION = "/v1/projects/{project_id}/locations/{location}/connections/{connection_id}"
router = APIRouter(tags=["access"])


def _granted(body: Any, exists: bool = True) -> dict:
    """Of what does not exist nobody has any permission; that is no error."""
    asked = body.get("permissions") if isinstance(body, dict) else None
    if not isinstance(asked, list) or not all(isinstance(name, str) for name in asked):
        raise BigQueryError("invalid", "permissions must be a list of strings")
    denied = faults.current().denied_permissions
    granted = [name for name in asked if exists and name not in denied]
    return {"permissions": granted} if granted else {}


@router.post("/v3/projects/{project_id}:testIamPermissions")
def of_project(project_id: str, body: Annotated[Any, Body()]) -> dict:
    """Permissions on a project."""
    return _granted(body)


@router.post("/bigquery/v2/{resource:path}:testIamPermissions")
def of_resource(resource: str, body: Annotated[Any, Body()]) -> dict:
    """Permissions on a table, a routine or a row access policy."""
    try:
        iam.get(resource)
    except BigQueryError as error:
        if error.reason != "notFound":
            raise
        return _granted(body, exists=False)
    return _granted(body)


@router.post(f"{CONNECTION}:testIamPermissions")
def of_connection(project_id: str, location: str, connection_id: str, body: Annotated[Any, Body()]) -> dict:
    """Permissions on a connection."""
    return _granted(body, Connection(project_id, location.lower(), connection_id).exists())


@router.get(CONNECTION)
def connection(project_id: str, location: str, connection_id: str) -> dict:
    """A connection and its service account."""
    found = Connection(project_id, location.lower(), connection_id)
    if not found.exists():
        raise not_found("Connection", found.resource_name)
    return found.as_json()


@router.get("/v1/projects/{project_id}/services:batchGet")
def services(project_id: str, names: Annotated[list[str], Query()]) -> dict:
    """States of services by their names."""
    if len(names) > limits.SERVICES_PER_REQUEST:
        raise BigQueryError("invalid", f"At most {limits.SERVICES_PER_REQUEST} names, not {len(names)}")
    disabled = faults.current().disabled_services
    states = {name: "DISABLED" if name.rpartition("/")[2] in disabled else "ENABLED" for name in names}
    return {"services": [{"name": name, "state": state} for name, state in states.items()]}


def install():
    """Answer before local-bigquery, which grants everything."""
    app.router.routes[:0] = router.routes
