"""The preflight, when something is missing on Google Cloud: each is named, with who lacks it and what to paste."""

import pytest
from google.api_core.exceptions import Forbidden

from scripts import check_cloud
from tests.faults.images import photo
from vitrine.collection import load
from vitrine.google.access import Access
from vitrine.google.bigquery import BigQuery
from vitrine.setup import preflight
from vitrine.setup.checks import Outcome

ACCOUNT = "the account of the Airflow connection google_cloud_default"
PROJECT = "gcloud projects add-iam-policy-binding demo-project --member=serviceAccount:ACCOUNT --role={role}"
BUCKET = "gcloud storage buckets add-iam-policy-binding gs://{bucket} --member=serviceAccount:ACCOUNT --role={role}"


@pytest.fixture
def bucket(fresh_world, monkeypatch):
    """A world with an image, a connection of its own and galleries in a bucket."""
    monkeypatch.setenv("VITRINE_CONNECTION", f"c_{fresh_world.dataset}")
    monkeypatch.setenv("VITRINE_GALLERY", f"gs://g-{fresh_world.bucket}/pages")
    fresh_world.upload({"1.jpg": photo(1)})
    fresh_world.emulator.storage.create_bucket(f"g-{fresh_world.bucket}")
    return fresh_world


def found_bad(checks) -> dict[str, tuple[str, str]]:
    """What was found and what to paste, by the subject of each check that found something."""
    return {one.subject: (one.found, one.paste) for one in checks if one.outcome is Outcome.BAD}


def test_nothing_is_missing_here(bucket):
    for is_set_up in (False, True):
        checks = preflight.check(load()["met"], is_set_up=is_set_up)
        assert found_bad(checks) == {}
        bucket.prepare()
    open_questions = {one.subject: one.found for one in checks if one.outcome is Outcome.NOT_CHECKED}
    assert list(open_questions) == ["index/create_vector_index.sql", "teardown/drop_dataset.sql"]
    assert open_questions["index/create_vector_index.sql"].startswith("not checkable below 5,000 images:")
    assert open_questions["teardown/drop_dataset.sql"].startswith("only teardown_image_search needs it:")


def test_what_needs_tables_is_said_to_be_not_checkable_before_setup(bucket):
    checks = {one.subject: one for one in preflight.check_statements(load()["met"], is_set_up=False)}
    assert checks["setup/create_dataset.sql"].outcome is Outcome.GOOD
    for name, found in {
        "setup/create_images.sql": "not checkable before setup: Not found: Dataset",
        "embed/count_progress.sql": "not checkable before setup",
    }.items():
        assert checks[name].outcome is Outcome.NOT_CHECKED
        assert checks[name].found.startswith(found)


NEW = [preflight.JOBS, preflight.GRANTS, preflight.NEW_DATASET, *preflight.NEW_CONNECTION]


@pytest.mark.parametrize("need", NEW, ids=lambda need: need.permission)
def test_each_permission_on_the_project_before_setup(bucket, need):
    bucket.emulator.faults(denied_permissions=[need.permission])
    found = found_bad(preflight.check_access(load()["met"], is_set_up=False))
    assert found == {
        f"{need.permission} on project demo-project": (
            f"{ACCOUNT} lacks {need.role} ({need.purpose})",
            f"{PROJECT.format(role=need.role)} --condition=None",
        )
    }


def test_each_permission_after_setup(bucket):
    bucket.prepare()
    for need in (preflight.JOBS, *preflight.CONNECTION, *preflight.TABLES):
        bucket.emulator.faults(denied_permissions=[need.permission])
        [(subject, (found, paste))] = found_bad(
            preflight.check_access(load()["met"], is_set_up=False)
        ).items()
        assert subject.startswith(f"{need.permission} on ")
        assert found == f"{ACCOUNT} lacks {need.role} ({need.purpose})"
        dataset = f'GRANT `{need.role}` ON SCHEMA `demo-project.{bucket.dataset}` TO "serviceAccount:ACCOUNT"'
        assert paste == (
            f"bq query --project_id=demo-project --location=US --use_legacy_sql=false '{dataset}'"
            if need in preflight.TABLES
            else f"{PROJECT.format(role=need.role)} --condition=None"
        )


@pytest.mark.parametrize("need", [*preflight.IMAGES, *preflight.GALLERIES], ids=lambda need: need.permission)
def test_each_permission_on_the_buckets(bucket, need):
    bucket.emulator.faults(denied_permissions=[need.permission])
    found = found_bad(preflight.check_access(load()["met"], is_set_up=False))
    name = bucket.bucket if need in preflight.IMAGES else f"g-{bucket.bucket}"
    assert found[f"{need.permission} on gs://{name}"] == (
        f"{ACCOUNT} lacks {need.role} ({need.purpose})",
        BUCKET.format(bucket=name, role=need.role),
    )


def test_uploads(bucket, monkeypatch):
    bucket.prepare()
    uploads = f"u-{bucket.bucket}"
    monkeypatch.setenv("VITRINE_UPLOADS", f"gs://{uploads}/")
    found = found_bad(preflight.check_access(load()["met"], is_set_up=True))
    make = f"gcloud storage buckets create gs://{uploads} --location=US --soft-delete-duration=0"
    assert found == {f"bucket gs://{uploads}": ("does not exist: the setting uploads names it", make)}
    bucket.emulator.storage.create_bucket(uploads)
    for need in preflight.UPLOADS:
        bucket.emulator.faults(denied_permissions=[need.permission])
        found = found_bad(preflight.check_access(load()["met"], is_set_up=True))
        assert found[f"{need.permission} on gs://{uploads}"] == (
            f"{ACCOUNT} lacks {need.role} ({need.purpose})",
            BUCKET.format(bucket=uploads, role=need.role),
        )
    bucket.emulator.faults(denied_permissions=[preflight.OBJECT_REFS.permission])
    [subject] = found_bad(preflight.check_access(load()["met"], is_set_up=True))
    assert subject.startswith("bigquery.objectRefs.read on connection ")


@pytest.mark.parametrize("service", ["bigquery", "bigqueryconnection", "aiplatform", "cloudresourcemanager"])
def test_each_service(bucket, service):
    name = f"{service}.googleapis.com"
    bucket.emulator.faults(disabled_services=[name])
    assert found_bad(preflight.check_access(load()["met"], is_set_up=False)) == {
        name: ("is not enabled in demo-project", f"gcloud services enable {name} --project=demo-project")
    }


def test_the_location_of_the_dataset_must_be_that_of_the_settings(bucket, monkeypatch):
    bucket.prepare()
    monkeypatch.setenv("VITRINE_LOCATION", "us-central1")
    found = found_bad(preflight.check_access(load()["met"], is_set_up=False))
    subject = f"dataset {bucket.dataset}"
    assert found[subject] == ("is in US, and the setting location is us-central1", "location: US")
    assert f"location of gs://{bucket.bucket}" in found


def test_a_bucket_that_is_not_there_and_a_pattern_that_matches_nothing(bucket, monkeypatch):
    monkeypatch.setenv("VITRINE_OBJECTS", f"gs://nowhere-at-all/*,gs://{bucket.bucket}/x*.jpg")
    monkeypatch.setenv("VITRINE_GALLERY", "gs://nowhere-else/pages")
    found = found_bad(preflight.check_access(load()["met"], is_set_up=False))
    assert found == {
        "bucket gs://nowhere-at-all": ("does not exist: correct the setting objects", ""),
        f"gs://{bucket.bucket}/x*.jpg": (
            "matches no object: correct the setting objects, or upload an image",
            "",
        ),
        "bucket gs://nowhere-else": (
            "does not exist: the setting gallery names it",
            "gcloud storage buckets create gs://nowhere-else --location=US",
        ),
    }


def test_a_folder_that_cannot_be_written(bucket, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("VITRINE_GALLERY", str(tmp_path / "file" / "pages"))
    [(subject, (found, paste))] = found_bad(preflight.check_access(load()["met"], is_set_up=False)).items()
    assert (subject, found) == (f"galleries in {tmp_path}/file/pages", "cannot be written: Not a directory")
    assert paste.startswith("sudo chown -R ")


def test_a_statement_that_bigquery_refuses(bucket):
    bucket.prepare()
    bucket.rows("ALTER TABLE embedding_runs DROP COLUMN outcome")
    found = found_bad(preflight.check_statements(load()["met"], is_set_up=True))
    assert "pages/count_pending.sql" not in found
    bucket.rows("DROP TABLE saved_search_results")
    found = found_bad(preflight.check_statements(load()["met"], is_set_up=True))
    assert "saved_search_results" in found["search/select_changes.sql"][0]


def test_a_permission_that_only_the_dry_run_misses(bucket, monkeypatch):
    """Nobody is refused anything by the embedded BigQuery, so Google's answer is put in its place."""
    said = "Access Denied: Table demo-project:d.t: User does not have bigquery.tables.updateData permission"

    def dry_run(_self, configuration):
        if "embedding_lease" in configuration["query"]["query"]:
            raise Forbidden("POST: " + said, errors=[{"message": said}])

    monkeypatch.setattr(BigQuery, "dry_run", dry_run)
    found = found_bad(preflight.check_statements(load()["met"], is_set_up=False))
    assert list(found) == ["schema/create_embedding_lease.sql"]
    [(words, paste)] = found.values()
    assert words == (
        f"{ACCOUNT} lacks roles/bigquery.dataEditor, which has bigquery.tables.updateData: {said}"
    )
    assert "GRANT `roles/bigquery.dataEditor` ON SCHEMA" in paste


def test_without_the_right_to_run_statements_none_is_asked_about(bucket):
    bucket.emulator.faults(denied_permissions=["bigquery.jobs.create"])
    checks = preflight.check(load()["met"], is_set_up=False)
    assert [one.found for one in checks if one.subject == "dry runs of all statements"] == [
        "take bigquery.jobs.create"
    ]
    assert not [one for one in checks if one.subject.endswith(".sql")]


def test_setup_stops_before_it_makes_anything_and_names_all_at_once(bucket, capsys):
    denied = ["bigquery.datasets.create", "storage.objects.create"]
    bucket.emulator.faults(denied_permissions=denied, disabled_services=["aiplatform.googleapis.com"])
    run = bucket.run("setup_image_search")
    assert run.state == "failed"
    states = {ti.task_id: str(ti.state) for ti in run.get_task_instances()}
    assert states.pop("preflight.check_cloud") == "failed"
    assert set(states.values()) == {"upstream_failed"}
    assert run.get_task_instance("preflight.check_cloud").try_number == 1, "no retry gives a permission"
    said = capsys.readouterr().out
    for name in (*denied, "aiplatform.googleapis.com"):
        assert f"✗ {name}" in said


def test_from_a_terminal(bucket, capsys):
    assert check_cloud.main([]) == 0
    before = capsys.readouterr().out
    assert before.startswith("met (multimodalembedding@001/1408)\n✓ identity ")
    assert "not checkable before setup" in before
    assert "one image" not in before
    bucket.prepare()
    calls = bucket.emulator.last_call()
    assert check_cloud.main(["met"]) == 0
    after = capsys.readouterr().out
    assert "not checkable before setup" not in after
    subjects = [line.partition("  ")[0] for line in after.splitlines()]
    assert subjects[-4:-2] == ["✓ one image", "✓ a few words"]
    assert bucket.emulator.last_call() == calls + 2

    bucket.emulator.faults(outage=True)
    assert check_cloud.main([]) == 1
    refused = capsys.readouterr().out
    assert "✗ a few words" in refused
    granted = PROJECT.format(role="roles/aiplatform.user")
    assert granted.replace("ACCOUNT", Access(load()["met"]).connection_account()) in refused
    bucket.emulator.faults(outage=False, denied_permissions=["bigquery.connections.use"])
    calls = bucket.emulator.last_call()
    assert check_cloud.main([]) == 1
    assert bucket.emulator.last_call() == calls, "nothing is paid while something is missing"
    assert check_cloud.main(["mett"]) == 1
    assert "There is no collection mett." in capsys.readouterr().out
