"""From setup to teardown and back, in real Airflow processes; and a preflight that stops a run there."""

import pytest
from google.api_core.exceptions import NotFound

from tests.faults.images import tiny_png

IMAGES = 4
WAIT_SECONDS = 400.0
TEARDOWN = "teardown_image_search__met"


@pytest.fixture
def quiet(airflow_stack, emulator):
    """A stack with a few images; faults end with the test."""
    before = emulator.faults()
    emulator.faults(hash_model=True)
    images = {f"{number}.png": tiny_png(80_000 + number) for number in range(IMAGES)}
    emulator.upload(airflow_stack.bucket, images, "image/png")
    yield airflow_stack
    emulator.faults(**before)


def succeed(stack, *dag_ids: str) -> None:
    """Run DAGs of the collection, one after the other."""
    for dag_id in dag_ids:
        run = stack.run(dag_id, seconds=WAIT_SECONDS)
        assert run.state == "success", stack.explain(run)


def test_a_preflight_stops_a_run_and_its_log_has_the_lines_to_paste(quiet, emulator):
    emulator.faults(denied_permissions=["bigquery.datasets.create"])
    run = quiet.run("setup_image_search", seconds=WAIT_SECONDS)
    assert run.state == "failed"
    assert set(run.states().values()) == {"failed", "upstream_failed"}
    log = quiet.log(run, "preflight.check_cloud")
    assert "✓ bigquery.jobs.create on project demo-project" in log
    assert "✗ bigquery.datasets.create on project demo-project" in log
    assert "gcloud projects add-iam-policy-binding demo-project --member=serviceAccount:ACCOUNT" in log


def test_from_setup_to_teardown_twice_and_back_again(quiet, emulator):
    succeed(quiet, "setup_image_search", "embed_images")

    confirm = {"confirm": quiet.dataset}
    run_id = quiet.trigger(TEARDOWN, confirm)
    plan = quiet.answer(TEARDOWN, run_id, "approve_teardown", "Approve")
    assert f"| to make again | {IMAGES} vectors" in plan
    run = quiet.wait(TEARDOWN, run_id, WAIT_SECONDS)
    assert run.state == "success", quiet.explain(run)
    with pytest.raises(NotFound):
        emulator.bigquery.get_dataset(quiet.dataset)
    assert len(list(emulator.storage.list_blobs(quiet.bucket))) == IMAGES

    again = quiet.wait(TEARDOWN, quiet.trigger(TEARDOWN, confirm), WAIT_SECONDS)
    assert again.state == "success", quiet.explain(again)
    done = {task for (task, _), state in again.states().items() if state == "success"}
    assert done == {"list_resources", "report_teardown"}
    assert "There is nothing to drop." in quiet.log(again, "list_resources")

    succeed(quiet, "setup_image_search", "embed_images")
    assert emulator.bigquery.get_table(f"{quiet.dataset}.met_image_embeddings").num_rows == IMAGES
