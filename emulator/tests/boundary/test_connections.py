"""Connections: made by SQL, named in three ways, refused when missing or without roles."""

import uuid

import pytest
from documented import DDL, DEFAULT_CONNECTION, DOCS, documented, emulator_only
from google.api_core.exceptions import BadRequest, Conflict, Forbidden, GoogleAPICallError, NotFound

SECTION = "Connections"
ACCOUNT = r"bqcx-\d+-\w{4}@gcp-sa-bigquery-condel\.iam\.gserviceaccount\.com"
MODEL = "CREATE MODEL {ds}.m REMOTE WITH CONNECTION {name} OPTIONS (ENDPOINT = 'multimodalembedding@001')"
TABLE = (
    "CREATE EXTERNAL TABLE {ds}.t WITH CONNECTION {name} "
    "OPTIONS (object_metadata = 'SIMPLE', uris = ['gs://some-bucket/*'])"
)
CHANGES_IAM = "it would change the IAM policy of your project"


@pytest.fixture
def connection(service):
    """The id of a new connection without roles, in the US."""
    name = f"vitrine-boundary-{uuid.uuid4().hex[:12]}"
    service.ask(f'CREATE CONNECTION `us.{name}` OPTIONS (connection_type = "CLOUD_RESOURCE")')
    yield name
    service.ask(f"DROP CONNECTION `us.{name}`")


@documented(SECTION, "`CREATE CONNECTION` makes one; its name is taken then, `IF NOT EXISTS` skips", DDL)
def test_create(service, connection):
    options = 'OPTIONS (connection_type = "CLOUD_RESOURCE")'
    service.ask(f"CREATE CONNECTION IF NOT EXISTS `us.{connection}` {options}")
    with pytest.raises(Conflict):
        service.ask(f"CREATE CONNECTION `us.{connection}` {options}")


@documented(SECTION, "`DROP CONNECTION` fails without one, `IF EXISTS` does not", DDL)
def test_drop(service):
    service.ask("DROP CONNECTION IF EXISTS `us.vitrine-boundary-nowhere`")
    with pytest.raises(NotFound):
        service.ask("DROP CONNECTION `us.vitrine-boundary-nowhere`")


@documented(SECTION, "A connection that does not exist is refused (403)", DOCS + "working-with-connections")
@pytest.mark.parametrize("statement", [MODEL, TABLE])
def test_missing(service, dataset, statement):
    with pytest.raises(GoogleAPICallError) as refused:
        service.ask(statement.format(ds=dataset, name="`us.vitrine-boundary-nowhere`"))
    assert refused.value.code in (403, 404)


@documented(
    SECTION,
    "A model is refused while the connection's account lacks the Vertex AI User role",
    "https://github.com/GoogleCloudPlatform/marketing-analytics-jumpstart/issues/192",
    "2026-08-22",
)
def test_no_role_for_the_model(service, dataset, connection):
    expected = f"{ACCOUNT} does not have the permission to access or use the endpoint"
    with pytest.raises(BadRequest, match=expected):
        service.ask(MODEL.format(ds=dataset, name=f"`us.{connection}`"))


@documented(
    SECTION,
    "An object table is refused while that account cannot list the bucket",
    "observed: external tables",
)
def test_no_role_for_the_bucket(service, dataset, connection):
    expected = f"Permission denied while globbing file pattern. {ACCOUNT} does not have storage.objects.list"
    create = TABLE.format(ds=dataset, name=f"`us.{connection}`")
    with pytest.raises(Forbidden, match=expected):
        service.ask(f"{create}; SELECT * FROM {dataset}.t")


@documented(SECTION, "SQL grants roles to `connection:…`; with both roles models and tables work", DDL)
@emulator_only(CHANGES_IAM)
@pytest.mark.parametrize("form", ["`{0}`", "`us.{0}`", "`{1}`.us.`{0}`", "`{1}.us.{0}`"])
def test_grant(service, dataset, connection, form):
    project = service.bigquery.project
    service.ask(
        "GRANT `roles/aiplatform.user`, `roles/storage.objectViewer` "
        f'ON PROJECT `{project}` TO "connection:{project}.us.{connection}"'
    )
    for statement in (MODEL, TABLE):
        service.ask(statement.format(ds=dataset, name=form.format(connection, project)))


@documented(SECTION, "`REVOKE` takes a role away: reading the bucket is refused then", DDL)
@emulator_only(CHANGES_IAM)
def test_revoke(service, dataset, connection, folder):
    member = f'ON PROJECT `{service.bigquery.project}` {{}} "connection:us.{connection}"'
    service.ask("GRANT `roles/storage.objectViewer` " + member.format("TO"))
    table = TABLE.format(ds=dataset, name=f"`us.{connection}`")
    service.ask(table.replace("gs://some-bucket", folder.uri))
    assert service.ask(f"SELECT COUNT(*) FROM {dataset}.t") == [(0,)]
    service.ask("REVOKE `roles/storage.objectViewer` " + member.format("FROM"))
    with pytest.raises(Forbidden, match="Permission denied while globbing"):
        service.ask(f"SELECT COUNT(*) FROM {dataset}.t")


@documented(SECTION, "`WITH CONNECTION DEFAULT` makes and grants the default connection", DEFAULT_CONNECTION)
def test_default(bigquery, images):
    source = bigquery.get_table(images).to_api_repr()["externalDataConfiguration"]
    assert source["connectionId"].endswith(".us.__default_cloudresource_connection__")
