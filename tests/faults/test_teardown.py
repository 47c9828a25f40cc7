"""teardown_image_search: what setup has made goes, and nothing else."""

from datetime import UTC, datetime

import pytest
from airflow.providers.standard.operators.hitl import ApprovalOperator

from tests.faults.images import photo
from vitrine.collection import load
from vitrine.google.access import Access
from vitrine.google.bigquery import BigQuery
from vitrine.search.addresses import page_name
from vitrine.setup.teardown import RefuseOthersOperator

IMAGES = 3


@pytest.fixture
def answer(monkeypatch):
    """Let somebody answer at once what is asked; the list has what they have read."""
    read = []

    def say(option: str) -> list[str]:
        def execute(approval, context):
            read.append(approval.body)
            event = {
                "chosen_options": [option],
                "params_input": {},
                "responded_at": datetime.now(UTC),
                "responded_by_user": None,
            }
            return approval.execute_complete(context, event)

        monkeypatch.setattr(ApprovalOperator, "execute", execute)
        return read

    return say


@pytest.fixture
def world(fresh_world, monkeypatch):
    """A world with a connection of its own and a few images."""
    monkeypatch.setenv("VITRINE_CONNECTION", f"c_{fresh_world.dataset}")
    monkeypatch.setenv("VITRINE_DIMENSION", "128")
    monkeypatch.setenv("VITRINE_MAX_PASSES", "1")
    fresh_world.emulator.faults(hash_model=True)
    fresh_world.upload({f"{number}.jpg": photo(number) for number in range(IMAGES)})
    return fresh_world


def contents(world):
    """The dataset of a world and what is in it, or None."""
    return BigQuery.of(load()["met"]).dataset(f"demo-project.{world.dataset}")


def states(run) -> dict[str, str]:
    """State of each task of a run."""
    return {ti.task_id: str(ti.state) for ti in run.get_task_instances()}


def skipped(run) -> set[str]:
    """The skipped tasks of a run."""
    return {task for task, state in states(run).items() if state == "skipped"}


def test_from_setup_to_teardown_twice_and_back_again(world, answer):
    read = answer("Approve")
    for dag_id in ("setup_image_search", "embed_images"):
        assert world.run(dag_id).state == "success"

    run = world.run("teardown_image_search", confirm=world.dataset, drop_connection=True)
    assert run.state == "success"
    assert skipped(run) == {"delete_galleries"}
    assert contents(world) is None
    assert Access(load()["met"]).connection() is None
    assert len(list(world.emulator.storage.list_blobs(world.bucket))) == IMAGES
    [plan] = read
    assert f"| to make again | {IMAGES} vectors, about $0.00 and 1 min on BigQuery |" in plan
    assert f"| dataset | {world.dataset} |" in plan
    assert f"| stays: the images | nothing in gs://{world.bucket}/* is touched |" in plan

    again = world.run("teardown_image_search", confirm=world.dataset)
    assert again.state == "success"
    assert set(states(again)) - skipped(again) == {"list_resources", "report_teardown"}
    assert len(read) == 1, "nobody is asked about nothing"

    for dag_id in ("setup_image_search", "embed_images"):
        assert world.run(dag_id).state == "success"
    assert world.rows("SELECT COUNT(*) AS images FROM met_image_embeddings") == [{"images": IMAGES}]


@pytest.mark.parametrize("confirm", [None, "", "met", "{dataset}x"])
def test_without_the_right_word_nothing_happens(world, answer, confirm):
    read = answer("Approve")
    world.prepare()
    before = contents(world)
    said = confirm and confirm.format(dataset=world.dataset)
    run = world.run("teardown_image_search", confirm=said)
    assert run.state == "failed"
    assert run.get_task_instance("list_resources").try_number == 1
    assert (contents(world), read) == (before, [])


def test_a_rejection_drops_nothing_and_ends_well(world, answer):
    answer("Reject")
    world.prepare()
    before = contents(world)
    run = world.run("teardown_image_search", confirm=world.dataset)
    assert run.state == "success"
    assert set(states(run)) - skipped(run) == {"list_resources", "approve_teardown", "report_teardown"}
    assert contents(world) == before


def test_what_others_have_made_stays(world, answer):
    read = answer("Approve")
    world.prepare()
    world.rows("CREATE TABLE holiday_plans (day DATE)")
    world.rows("CREATE VIEW nice_view AS SELECT 1 AS x")
    run = world.run("teardown_image_search", confirm=world.dataset, drop_connection=True)
    assert run.state == "success"
    assert skipped(run) == {"drop_connection", "drop_dataset", "delete_galleries"}
    left = contents(world)
    assert (left.tables, left.models) == ({"holiday_plans", "nice_view"}, set())
    assert Access(load()["met"]).connection() is not None
    for name in left.tables:
        assert f"| stays: {name} | not of this collection and model |" in read[0]
    assert f"| stays: {world.dataset} | it is not empty |" in read[0]


def test_a_dataset_and_a_connection_that_were_there_before_stay(world, answer):
    answer("Approve")
    connection = load()["met"].connection_name
    world.emulator.bigquery.query_and_wait(f"CREATE SCHEMA {world.dataset}")
    world.emulator.bigquery.query_and_wait(
        f"CREATE CONNECTION `{connection}` OPTIONS (connection_type = 'CLOUD_RESOURCE')"
    )
    world.prepare()
    run = world.run("teardown_image_search", confirm=world.dataset, drop_connection=True)
    assert run.state == "success"
    assert skipped(run) == {"drop_connection", "drop_dataset", "delete_galleries"}
    left = contents(world)
    assert (left.tables, left.models) == (set(), set())
    assert Access(load()["met"]).connection() is not None


def test_it_refuses_while_another_airflow_has_the_lease(world, answer, capsys):
    read = answer("Approve")
    world.prepare()
    before = contents(world)
    world.rows(
        "UPDATE embedding_lease SET lease_id = 'theirs', holder = 'A clone', "
        "expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR) WHERE TRUE"
    )
    run = world.run("teardown_image_search", confirm=world.dataset)
    assert (run.state, read, contents(world)) == ("failed", [], before)
    assert "A clone has the lease of the dataset until" in capsys.readouterr().out

    world.rows("UPDATE embedding_lease SET expires_at = CURRENT_TIMESTAMP() WHERE TRUE")
    assert world.run("teardown_image_search", confirm=world.dataset).state == "success"
    assert contents(world) is None


def test_it_refuses_when_a_run_has_begun_while_a_person_decided(world, answer, monkeypatch, capsys):
    world.prepare()
    answer("Approve")
    approve = ApprovalOperator.execute

    def late(approval, context):
        world.rows(
            "UPDATE embedding_lease SET lease_id = 'theirs', holder = 'A night', "
            "expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR) WHERE TRUE"
        )
        return approve(approval, context)

    monkeypatch.setattr(ApprovalOperator, "execute", late)
    before = contents(world)
    run = world.run("teardown_image_search", confirm=world.dataset)
    assert (run.state, contents(world)) == ("failed", before)
    assert states(run)["refuse_others"] == "failed"
    assert "A night has the lease" in capsys.readouterr().out


def test_a_lease_that_another_airflow_has_taken_since_keeps_the_tables(world, answer, monkeypatch, capsys):
    answer("Approve")
    world.prepare()
    before = contents(world)
    take = RefuseOthersOperator.execute

    def lose(refuse, context):
        take(refuse, context)
        world.rows("UPDATE embedding_lease SET lease_id = 'theirs', holder = 'A clone' WHERE TRUE")

    monkeypatch.setattr(RefuseOthersOperator, "execute", lose)
    run = world.run("teardown_image_search", confirm=world.dataset)
    assert (run.state, states(run)["drop_tables"], contents(world)) == ("failed", "failed", before)
    assert run.get_task_instance("drop_tables").try_number == 1, "a retry would not help"
    assert "A clone has it" in capsys.readouterr().out


def test_a_teardown_that_failed_is_repeated_by_the_next(world, answer):
    """A run that died has the lease still; the next of the same Airflow need not wait for that."""
    answer("Approve")
    world.prepare()
    before = contents(world)
    world.emulator.faults(dying_jobs="drop_tables")
    failed = world.run("teardown_image_search", confirm=world.dataset)
    assert (failed.state, states(failed)["drop_tables"]) == ("failed", "failed")
    assert contents(world) == before
    world.emulator.faults(dying_jobs=None)
    assert world.run("teardown_image_search", confirm=world.dataset).state == "success"
    assert contents(world) is None


def test_a_model_beside_another_leaves_what_both_use(world, answer, monkeypatch):
    read = answer("Approve")
    monkeypatch.setenv("VITRINE_MODELS", '{"default": {}, "small": {"dimension": 256}}')
    for dag_id in ("setup_image_search__met", "setup_image_search__met__small"):
        assert world.run_dag(dag_id).state == "success"
    before = contents(world)
    run = world.run_dag("teardown_image_search__met__small", confirm=f"{world.dataset}__small")
    assert run.state == "success"
    assert skipped(run) == {"drop_images", "drop_connection", "drop_dataset", "delete_galleries"}
    left = contents(world)
    assert left.tables == {name for name in before.tables if not name.endswith("_small")}
    assert left.models == {"multimodal_embedding_model"}
    assert "| stays: met_images | the models default use it |" in read[0]
    assert world.run("embed_images").state == "success"


def test_galleries_go_only_when_asked_for_and_only_its_own(world, answer):
    answer("Approve")
    world.prepare()
    world.gallery.mkdir()
    own = [page_name(f"{dag}__met", "r") for dag in ("search_images", "search_saved_queries")]
    others = [page_name("search_images__met__small", "r"), page_name("search_images__mets", "r"), "a.html"]
    for name in (*own, *others):
        (world.gallery / name).write_text("a page")
    assert world.run("teardown_image_search", confirm=world.dataset).state == "success"
    assert {page.name for page in world.gallery.iterdir()} == {*own, *others}
    run = world.run("teardown_image_search", confirm=world.dataset, delete_galleries=True)
    assert (run.state, states(run)["delete_galleries"]) == ("success", "success")
    assert {page.name for page in world.gallery.iterdir()} == set(others)
