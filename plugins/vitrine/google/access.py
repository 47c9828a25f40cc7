"""What the account of an Airflow connection may do, and which services are enabled. Free of charge.

All of these methods may answer with more than the truth ("fail open"): they tell what is missing, and prove
nothing. Datasets have no such method, so what is done in one is tested on its tables.
https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/tables/testIamPermissions
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from vitrine.collection import Collection
from vitrine.google import grants
from vitrine.google.bigquery import BigQuery

if TYPE_CHECKING:
    from google.auth.transport.requests import AuthorizedSession

BIGQUERY: Final = "https://bigquery.googleapis.com"
TIMEOUT_SECONDS: Final = 30.0
# What a credential says instead of its account's address, before it has asked the metadata server.
UNKNOWN_ACCOUNTS: Final = ("", "default")


class Access:
    """Access of a collection's Airflow connection. Errors of all methods: google.api_core.exceptions."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection

    @cached_property
    def account(self) -> str:
        """E-mail address of the connection's service account; "" if its credentials do not tell."""
        found = getattr(self._session.credentials, "service_account_email", "")
        return "" if found in UNKNOWN_ACCOUNTS else str(found)

    def to_project(self, permissions: Iterable[str]) -> set[str]:
        """Those of the permissions that the account has on the project."""
        return self._granted(f"cloudresourcemanager/v3/projects/{self.collection.project}", permissions)

    def to_table(self, name: str, permissions: Iterable[str]) -> set[str]:
        """The same on a table of the collection; none if it does not exist."""
        project, dataset, table = self.collection.table_id(name).rsplit(".", 2)
        path = f"bigquery/bigquery/v2/projects/{project}/datasets/{dataset}/tables/{table}"
        return self._granted(path, permissions)

    def to_connection(self, permissions: Iterable[str]) -> set[str]:
        """The same on the BigQuery connection; none if it does not exist."""
        return self._granted(self._connection, permissions)

    def connection(self) -> dict[str, Any] | None:
        """The BigQuery connection as the REST API has it; None if there is none."""
        from google.api_core.exceptions import NotFound

        with suppress(NotFound):
            return self._call("GET", self._connection)
        return None

    def connection_account(self) -> str | None:
        """E-mail address of the BigQuery connection's own account; None if there is no connection."""
        found = self.connection()
        return str(found["cloudResource"]["serviceAccountId"]) if found else None

    def advice(self) -> str:
        """What to look at when the model refuses, for people: the quota, and the roles of the connection."""
        account = self.connection_account()
        who = account or f"the connection {self.collection.connection_name}, which does not exist,"
        return "\n".join(
            [
                f"Look at the quota of the endpoint, and whether {who} has its roles. To grant them:",
                *grants.to_connection(self.collection, account or "ACCOUNT"),
            ]
        )

    def disabled(self, services: Iterable[str]) -> list[str]:
        """Those of the services that are not enabled in the project."""
        parent = f"projects/{self.collection.project}"
        names = {f"{parent}/services/{service}": service for service in services}
        path = f"serviceusage/v1/{parent}/services:batchGet"
        found = self._call("GET", path, params={"names": list(names)}).get("services", [])
        # Names come back with the project's number.
        enabled = {one["name"].rpartition("/")[2] for one in found if one.get("state") == "ENABLED"}
        return [service for service in names.values() if service not in enabled]

    @property
    def _connection(self) -> str:
        project, location, name = self.collection.connection_name.rsplit(".", 2)
        return f"bigqueryconnection/v1/projects/{project}/locations/{location}/connections/{name}"

    @cached_property
    def _session(self) -> AuthorizedSession:
        from airflow.providers.google.common.hooks.base_google import GoogleBaseHook
        from google.auth.transport.requests import AuthorizedSession

        return AuthorizedSession(GoogleBaseHook(self.collection.gcp_conn_id).get_credentials())

    @cached_property
    def _bigquery_address(self) -> str:
        # The client has no public attribute for it.
        return str(BigQuery.of(self.collection).client()._connection.API_BASE_URL)

    def _granted(self, path: str, permissions: Iterable[str]) -> set[str]:
        asked = {"permissions": list(permissions)}
        return set(self._call("POST", f"{path}:testIamPermissions", json=asked).get("permissions", []))

    def _call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """Call a method; `path` begins with the name of the service."""
        from google.api_core.exceptions import from_http_response

        service, _, rest = path.partition("/")
        # The embedded BigQuery serves all of them at one address.
        is_google = self._bigquery_address == BIGQUERY
        address = f"https://{service}.googleapis.com" if is_google else self._bigquery_address
        answer = self._session.request(method, f"{address}/{rest}", timeout=TIMEOUT_SECONDS, **arguments)
        if not answer.ok:
            raise from_http_response(answer)
        found: dict[str, Any] = answer.json()
        return found
