"""Connections and grants: what is missing is refused in BigQuery's words (reference §1.5, §2.1, §2.2, §7)."""

import uuid

import pytest
from documented import documented
from emulator_process import wait_until
from google.api_core.exceptions import BadRequest, Forbidden, NotFound

CREATE = (
    'CREATE CONNECTION {exists} `{name}` OPTIONS (connection_type = "CLOUD_RESOURCE", friendly_name = "x")'
)
MODEL = (
    "CREATE MODEL {ds}.m REMOTE WITH CONNECTION {connection} OPTIONS (ENDPOINT = 'multimodalembedding@001')"
)
TABLE = (
    "CREATE EXTERNAL TABLE {ds}.t WITH CONNECTION {connection} "
    "OPTIONS (object_metadata = 'SIMPLE', uris = ['gs://some-bucket/*'])"
)
BOTH = "`roles/aiplatform.user`, `roles/storage.objectViewer`"


@pytest.fixture
def run(bigquery):
    return bigquery.query_and_wait


@pytest.fixture
def connection(run):
    """A new connection without roles; its id."""
    name = f"connection-{uuid.uuid4().hex[:12]}"
    run(CREATE.format(exists="", name=name))
    yield name
    run(f"DROP CONNECTION `{name}`")


def test_dropping_what_is_not_there(run):
    run("DROP CONNECTION IF EXISTS `us.nowhere`")
    with pytest.raises(
        NotFound, match="Not found: Connection projects/demo-project/locations/us/connections/nowhere"
    ):
        run("DROP CONNECTION `us.nowhere`")


@pytest.mark.parametrize("statement", [MODEL, TABLE])
def test_a_missing_connection_is_refused(run, dataset, statement):
    with pytest.raises(
        Forbidden, match=r"Access Denied: Connection projects/.*: User does not have bigquery\.connec"
    ):
        run(statement.format(ds=dataset, connection="`us.nowhere`"))


def test_a_grant_to_the_service_account_counts(run, dataset, connection):
    with pytest.raises(BadRequest) as refused:
        run(MODEL.format(ds=dataset, connection=f"`us.{connection}`"))
    account = refused.value.errors[0]["message"].split(" ")[0]
    run(f'GRANT `roles/aiplatform.user` ON PROJECT `demo-project` TO "serviceAccount:{account}"')
    run(MODEL.format(ds=dataset, connection=f"`us.{connection}`"))


def test_a_revoked_role_stops_reading_and_embedding(run, emulator, dataset, connection):
    emulator.upload("revoked", {"a.png": b"x"})
    run(f'GRANT {BOTH} ON PROJECT `demo-project` TO "connection:us.{connection}"')
    run(MODEL.format(ds=dataset, connection=f"`us.{connection}`"))
    run(TABLE.format(ds=dataset, connection=f"`us.{connection}`").replace("some-bucket", "revoked"))
    assert next(iter(run(f"SELECT COUNT(*) AS n FROM {dataset}.t"))).n == 1
    run(f'REVOKE {BOTH} ON PROJECT `demo-project` FROM "connection:us.{connection}"')
    with pytest.raises(Forbidden, match="Permission denied while globbing"):
        run(f"SELECT COUNT(*) FROM {dataset}.t")
    with pytest.raises(BadRequest, match="does not have the permission to access or use the endpoint"):
        run(f"SELECT * FROM ML.GENERATE_EMBEDDING(MODEL {dataset}.m, (SELECT 'x' AS content))")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ('CREATE CONNECTION x OPTIONS (connection_type = "CLOUD_SQL")', "not emulated: connection_type"),
        (
            'CREATE CONNECTION x OPTIONS (connection_type = "CLOUD_RESOURCE", colour = "red")',
            "Unknown option colour",
        ),
        (
            'CREATE CONNECTION `eu.x` OPTIONS (connection_type = "CLOUD_RESOURCE")',
            "not emulated: location eu",
        ),
        (
            'GRANT `roles/x` ON SCHEMA d TO "user:a@b.c"',
            "not emulated: GRANT and REVOKE on anything but a PROJECT",
        ),
        ('GRANT `aiplatform.user` ON PROJECT p TO "user:a@b.c"', "a role is written `roles/name`"),
        ('GRANT `roles/x` ON PROJECT p TO "somebody"', 'Invalid member "somebody"'),
        ('GRANT `roles/x` ON PROJECT p "user:a@b.c"', "Syntax error: Expected .* keyword TO"),
    ],
)
def test_bad_input_is_named(run, statement, message):
    with pytest.raises(BadRequest, match=message):
        run(statement)


@documented(
    "Connections",
    "A grant may take minutes to work; until then the model is refused",
    "https://github.com/googleapis/python-bigquery-dataframes",
)
def test_a_grant_takes_effect_after_the_propagation_time(run, emulator, dataset, connection, request):
    request.addfinalizer(lambda: emulator.faults(permission_propagation_seconds=0))
    emulator.faults(permission_propagation_seconds=2)
    run(f'GRANT `roles/aiplatform.user` ON PROJECT `demo-project` TO "connection:us.{connection}"')
    statement = MODEL.format(ds=dataset, connection=f"`us.{connection}`")
    statement = statement.replace("MODEL", "MODEL IF NOT EXISTS", 1)
    with pytest.raises(BadRequest, match="does not have the permission to access or use the endpoint"):
        run(statement)

    def accepted():
        try:
            return run(statement) is not None
        except BadRequest:
            return False

    wait_until(accepted, 10)
