"""Tools ask what the caller may do and which services are there: all, unless a fault says otherwise."""

import uuid

import pytest
import requests
from documented import STORAGE, documented
from emulator_process import EmulatorProcess

TABLES = "https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/tables/testIamPermissions"
ROUTINES = "https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/routines/testIamPermissions"
POLICIES = (
    "https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/rowAccessPolicies/testIamPermissions"
)
CONNECTIONS = (
    "https://docs.cloud.google.com/bigquery/docs/reference/bigqueryconnection/rest/v1/"
    "projects.locations.connections/testIamPermissions"
)
PROJECTS = "https://docs.cloud.google.com/resource-manager/reference/rest/v1/projects/testIamPermissions"
SERVICES = "https://docs.cloud.google.com/service-usage/docs/reference/rest/v1/services/batchGet"
ASKED = ["bigquery.jobs.create", "bigquery.tables.getData"]


@pytest.fixture
def asked(emulator):
    """Answers testIamPermissions of a resource; faults end with the test."""
    before = emulator.faults()

    def ask(resource: str, permissions=ASKED) -> requests.Response:
        url = f"{emulator.url}/{resource}:testIamPermissions"
        return requests.post(url, json={"permissions": permissions}, timeout=30)

    yield ask
    emulator.faults(**before)


@pytest.fixture
def connection(bigquery):
    """A new connection; its path."""
    name = f"connection-{uuid.uuid4().hex[:12]}"
    options = 'OPTIONS (connection_type = "CLOUD_RESOURCE", description = "a test")'
    bigquery.query_and_wait(f"CREATE CONNECTION `us.{name}` {options}")
    yield f"v1/projects/demo-project/locations/us/connections/{name}"
    bigquery.query_and_wait(f"DROP CONNECTION `us.{name}`")


@documented("Access", "`testIamPermissions` of a project says which permissions the caller has", PROJECTS)
def test_of_a_project(emulator, asked):
    project = "v3/projects/demo-project"
    assert asked(project).json() == {"permissions": ASKED}
    emulator.faults(denied_permissions=ASKED[:1])
    assert asked(project).json() == {"permissions": ASKED[1:]}
    emulator.faults(denied_permissions=ASKED)
    assert asked(project).json() == {}


@documented("Access", "… of a table; nobody has any on a table that does not exist", TABLES)
def test_of_a_table(emulator, bigquery, dataset, asked):
    table = f"bigquery/v2/projects/demo-project/datasets/{dataset}/tables"
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t (x INT64)")
    emulator.faults(denied_permissions=ASKED[:1])
    assert asked(f"{table}/t").json() == {"permissions": ASKED[1:]}
    assert asked(f"{table}/nowhere").json() == {}
    assert bigquery.test_iam_permissions(f"{dataset}.t", ASKED) == {"permissions": ASKED[1:]}


@documented("Access", "… of a routine", ROUTINES)
def test_of_a_routine(emulator, bigquery, dataset, asked):
    routines = f"bigquery/v2/projects/demo-project/datasets/{dataset}/routines"
    bigquery.query_and_wait(f"CREATE FUNCTION {dataset}.f(x INT64) AS (x)")
    emulator.faults(denied_permissions=ASKED[:1])
    assert asked(f"{routines}/f").json() == {"permissions": ASKED[1:]}
    assert asked(f"{routines}/nowhere").json() == {}


@documented("Access", "… of a row access policy", POLICIES)
def test_of_a_row_access_policy(emulator, bigquery, dataset, asked):
    policies = f"bigquery/v2/projects/demo-project/datasets/{dataset}/tables/t/rowAccessPolicies"
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t (x INT64)")
    bigquery.query_and_wait(
        f"CREATE ROW ACCESS POLICY p ON {dataset}.t GRANT TO ('allUsers') FILTER USING (x = 1)"
    )
    emulator.faults(denied_permissions=ASKED[:1])
    assert asked(f"{policies}/p").json() == {"permissions": ASKED[1:]}
    assert asked(f"{policies}/nowhere").json() == {}


@documented("Access", "… of a connection, whose service account can be looked up", CONNECTIONS)
def test_of_a_connection(emulator, asked, connection):
    emulator.faults(denied_permissions=ASKED[:1])
    assert asked(connection).json() == {"permissions": ASKED[1:]}
    assert asked(f"{connection}-nowhere").json() == {}
    found = requests.get(f"{emulator.url}/{connection}", timeout=30).json()
    assert (found["name"], found["description"]) == (connection.removeprefix("v1/"), "a test")
    assert found["cloudResource"]["serviceAccountId"].startswith("bqcx-")
    assert requests.get(f"{emulator.url}/{connection}-nowhere", timeout=30).status_code == 404


@documented("Access", "… of a bucket", f"{STORAGE}json_api/v1/buckets/testIamPermissions")
def test_of_a_bucket(emulator, asked):
    permissions = ["storage.objects.get", "storage.objects.list"]
    emulator.upload("asked-about", {"a.png": b"x"})
    bucket = emulator.storage().bucket("asked-about")
    assert bucket.test_iam_permissions(permissions) == permissions
    emulator.faults(denied_permissions=permissions[:1])
    assert bucket.test_iam_permissions(permissions) == permissions[1:]
    assert bucket.test_iam_permissions(permissions[:1]) == []
    with pytest.raises(Exception, match="404"):
        emulator.storage().bucket("nowhere-at-all").test_iam_permissions(permissions)


def test_a_proxy_is_not_asked_for_the_emulator_itself(tmp_path):
    with EmulatorProcess(tmp_path, http_proxy="http://127.0.0.1:9") as process:
        bucket = process.storage().create_bucket("asked-about")
        assert bucket.test_iam_permissions(["storage.objects.get"]) == ["storage.objects.get"]


@documented("Access", "States of services can be asked for, at most 30 at a time", SERVICES)
def test_of_services(emulator, asked):
    names = [f"projects/demo-project/services/{name}.googleapis.com" for name in ("bigquery", "aiplatform")]
    url = f"{emulator.url}/v1/projects/demo-project/services:batchGet"
    emulator.faults(disabled_services=["aiplatform.googleapis.com"])
    states = requests.get(url, params={"names": names}, timeout=30).json()["services"]
    assert states == [
        {"name": names[0], "state": "ENABLED"},
        {"name": names[1], "state": "DISABLED"},
    ]
    assert requests.get(url, params={"names": names * 20}, timeout=30).status_code == 400


@pytest.mark.parametrize("permissions", [None, "bigquery.jobs.create", [1]])
def test_what_is_no_list_of_permissions_is_refused(asked, permissions):
    answer = asked("v3/projects/demo-project", permissions)
    assert answer.status_code == 400
    assert "list of strings" in answer.json()["error"]["message"]
