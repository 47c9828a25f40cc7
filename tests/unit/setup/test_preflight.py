"""What the preflight decides by itself."""

from datetime import date
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowNotFoundException
from google.api_core.exceptions import BadRequest, Forbidden
from google.auth.exceptions import DefaultCredentialsError

from scripts import check_cloud
from tests.unit.fakes import collection_with
from vitrine.google.access import Access
from vitrine.google.bigquery import DatasetContents, TableSize
from vitrine.setup import preflight
from vitrine.setup.checks import Outcome
from vitrine.setup.preflight import check_model, is_near

TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("dataset", "bucket", "kind", "near"),
    [
        ("US", "US", "multi-region", True),
        ("US", "US-CENTRAL1", "region", True),
        ("us-central1", "US-CENTRAL1", "region", True),
        ("EU", "EUROPE-WEST1", "region", True),
        ("US", "NAM4", "dual-region", True),
        ("US", "EU", "multi-region", False),
        ("EU", "US-CENTRAL1", "region", False),
        ("us-central1", "US", "multi-region", False),
        ("us-central1", "US-EAST1", "region", False),
    ],
)
def test_where_bigquery_reads_a_bucket(dataset, bucket, kind, near):
    assert is_near(dataset, bucket, kind) is near


@pytest.mark.parametrize(
    ("settings", "day", "outcome", "said"),
    [
        ({}, TODAY, Outcome.GOOD, "retires on 2027-04-01"),
        ({}, date(2027, 4, 1), Outcome.BAD, "retired on 2027-04-01"),
        ({"location": "EU"}, TODAY, Outcome.BAD, "is not served in EU, but in US and single regions"),
        ({"location": "europe-west1"}, TODAY, Outcome.GOOD, "served in europe-west1"),
        (
            {"endpoint": "gemini-embedding-2", "location": "europe-west1"},
            TODAY,
            Outcome.BAD,
            "but in US and us-central1",
        ),
        ({"endpoint": "gemini-embedding-2"}, date(2030, 1, 1), Outcome.GOOD, "served in US"),
    ],
)
def test_the_endpoint_must_be_served_there_on_that_day(settings, day, outcome, said):
    found = check_model(collection_with(**settings), day)
    assert (found.outcome, said in found.found) == (outcome, True), found
    assert bool(found.paste) is (outcome is Outcome.BAD)


ACCOUNT = "night@my-project.iam.gserviceaccount.com"


@pytest.fixture
def refuse(collection, bigquery, monkeypatch):
    """Let BigQuery refuse the dry run of one statement with these words; answers its check."""
    monkeypatch.setattr(Access, "account", ACCOUNT)

    def check(name: str, said: str, *, is_set_up: bool = True, kind: type[Exception] = Forbidden):
        def dry_run(_: object) -> None:
            raise kind(f"POST: {said}", errors=[{"message": said}])

        monkeypatch.setattr(bigquery, "dry_run", dry_run, raising=False)
        monkeypatch.setattr(preflight.statements, "names", lambda _: [name])
        [found] = preflight.check_statements(collection, is_set_up=is_set_up)
        return found

    return check


@pytest.mark.parametrize(
    "said",
    [
        "Access Denied: Table p:d.t: User does not have permission bigquery.tables.get to access table, "
        "or perhaps it does not exist.",
        "Access Denied: Dataset p:d: Permission bigquery.tables.create denied on dataset p:d "
        "(or it may not exist).",
    ],
)
def test_what_may_only_not_exist_yet_stops_no_setup(refuse, said):
    name = "schema/create_embedding_runs.sql"
    found = refuse(name, said, is_set_up=False)
    assert (found.outcome, found.found) == (Outcome.NOT_CHECKED, f"not checkable before setup: {said}")
    assert refuse(name, said).outcome is Outcome.BAD, "after setup it exists"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("teardown/drop_dataset.sql", "only teardown_image_search needs it"),
        ("setup/create_connection.sql", "only setup_image_search needs it"),
    ],
)
def test_a_permission_that_nights_do_not_need_fails_nothing(refuse, name, why):
    said = "Access Denied: Permission bigquery.datasets.delete denied"
    found = refuse(name, said)
    assert (found.outcome, found.paste) == (Outcome.NOT_CHECKED, "")
    assert found.found.startswith(why)
    assert found.found.endswith(said)


@pytest.mark.parametrize(
    ("permission", "lacks", "paste"),
    [
        (
            "bigquery.jobs.create",
            "roles/bigquery.jobUser, which has ",
            "gcloud projects add-iam-policy-binding",
        ),
        ("bigquery.tables.create", "roles/bigquery.dataEditor, which has ", "bq query "),
        ("storage.objects.get", "", ""),
        ("bigquery.rowAccessPolicies.create", "", ""),
    ],
)
def test_a_role_is_granted_where_it_can_be_and_an_unknown_permission_is_only_named(
    refuse, permission, lacks, paste
):
    found = refuse("embed/plan_batches.sql", f"Access Denied: {permission} denied")
    assert found.found.startswith(f"{ACCOUNT} lacks {lacks}{permission}: ")
    assert found.outcome is Outcome.BAD
    assert found.paste.startswith(paste)
    assert bool(found.paste) is bool(paste)


def test_a_permission_to_make_an_index_is_missed_however_few_rows_there_are(refuse, bigquery):
    bigquery.size = TableSize(rows=10, bytes=10)
    found = refuse("index/create_vector_index.sql", "too few rows", kind=BadRequest)
    assert found.outcome is Outcome.NOT_CHECKED
    denied = "Access Denied: Permission bigquery.tables.update denied"
    assert refuse("index/create_vector_index.sql", denied).outcome is Outcome.BAD


@pytest.mark.parametrize(
    ("names", "outcome"),
    [
        (["a.jpg"], Outcome.GOOD),
        ([], Outcome.BAD),
        (["a.json"] * (preflight.MOST_NAMES - 1), Outcome.BAD),
        (["a.json"] * preflight.MOST_NAMES, Outcome.NOT_CHECKED),
    ],
)
def test_a_pattern_is_wrong_only_when_all_names_were_read(names, outcome):
    blobs = [SimpleNamespace(name=name) for name in names]
    bucket = SimpleNamespace(name="b", client=SimpleNamespace(list_blobs=lambda *_, **__: blobs))
    [found] = preflight._pattern(bucket, "gs://b/*.jpg")
    assert found.outcome is outcome


@pytest.fixture
def google(collection, bigquery, monkeypatch):
    """Everything is there and allowed."""
    monkeypatch.setattr(Access, "account", ACCOUNT)
    tables = {collection.table_name("image_embeddings")}
    dataset = DatasetContents(location="US", labels={}, tables=tables, models=set(), routines=set())
    monkeypatch.setattr(bigquery, "dataset", lambda _: dataset, raising=False)
    monkeypatch.setattr(Access, "disabled", lambda *_: [])
    for what in ("to_project", "to_connection"):
        monkeypatch.setattr(Access, what, lambda _, permissions: set(permissions))
    monkeypatch.setattr(Access, "to_table", lambda _, __, permissions: set(permissions))
    monkeypatch.setattr(Access, "connection_account", lambda _: "bqcx@x")
    monkeypatch.setattr(preflight, "_bucket", lambda *_: [])
    return monkeypatch


def denied(*_: object, **__: object) -> None:
    """Google refuses to answer."""
    raise Forbidden("not for you")


def test_a_question_that_google_refuses_hides_no_other(collection, google):
    google.setattr(Access, "to_project", denied)
    google.setattr(Access, "to_table", lambda *_: set())
    found = {one.subject: one.outcome for one in preflight.check_access(collection, is_set_up=True)}
    assert found["permissions on project demo-project"] is Outcome.NOT_CHECKED
    assert found["bigquery.tables.getData on table met_image_embeddings"] is Outcome.BAD
    assert found["dataset bqml_tutorial"] is Outcome.GOOD


def test_what_only_setup_needs_is_not_missed_afterwards(collection, google):
    google.setattr(Access, "to_connection", lambda *_: {"bigquery.connections.use"})
    delegate = f"bigquery.connections.delegate on connection {collection.connection}"
    for is_set_up, outcome in ((False, Outcome.BAD), (True, Outcome.NOT_CHECKED)):
        found = {one.subject: one for one in preflight.check_access(collection, is_set_up=is_set_up)}
        assert found[delegate].outcome is outcome


def test_the_services_that_the_preflight_itself_asks_are_looked_for():
    assert "cloudresourcemanager.googleapis.com" in preflight.limits.REQUIRED_SERVICES


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DefaultCredentialsError("no credentials"), "✗ login  no credentials\n    gcloud auth"),
        (AirflowNotFoundException("no such connection"), "✗ login  no such connection; one in Airflow's"),
    ],
)
def test_whoever_cannot_log_in_is_told_how(collection, monkeypatch, capsys, error, said):
    def session(_: Access) -> None:
        raise error

    monkeypatch.setattr(Access, "_session", property(session))
    assert check_cloud.check(collection) is False
    assert said in capsys.readouterr().out


def test_a_model_that_nobody_may_look_at_is_a_line_and_the_rest_is_checked(collection, google, capsys):
    google.setattr(preflight, "is_set_up", denied)
    google.setattr(preflight, "check", lambda *_, is_set_up: [preflight.good("the rest", str(is_set_up))])
    google.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", check_cloud.DEFAULT_CREDENTIALS)
    assert check_cloud.check(collection) is False
    said = capsys.readouterr().out
    assert f"✓ identity      {ACCOUNT}, from Google's default credentials" in said
    assert "✗ remote model  403 not for you" in said
    assert "✓ the rest      False" in said
