"""setup_image_search when the project is not ready yet."""

import pytest

from tests.faults.images import photo


def state(run, task_id: str) -> str:
    """State of one task of a run."""
    return str(run.get_task_instance(task_id).state)


def test_it_waits_until_the_grant_is_effective(fresh_world, monkeypatch):
    monkeypatch.setenv("VITRINE_CONNECTION", f"c_{fresh_world.dataset}")
    monkeypatch.setenv("VITRINE_RETRY_WAIT_SECONDS", "2")  # then four: longer than the grant takes
    fresh_world.upload({"1.jpg": photo(1)})
    fresh_world.emulator.faults(permission_propagation_seconds=6.0)
    run = fresh_world.run("setup_image_search")
    assert run.state == "success"
    # The object table comes first and needs the same grant: one of the two has been tried again.
    tries = [
        run.get_task_instance(task).try_number
        for task in ("create_images", "create_multimodal_embedding_model")
    ]
    assert max(tries) > 1


def test_an_empty_bucket_is_refused_before_the_night(fresh_world):
    fresh_world.upload({"readme.txt": b"no image"}, "text/plain")
    run = fresh_world.run("setup_image_search")
    assert run.state == "failed"
    assert state(run, "assert_images_listed") == "failed"
    assert state(run, "ask_one_image") == "upstream_failed"


def test_it_can_run_again_over_a_collection_and_loses_nothing(fresh_world):
    fresh_world.upload({f"{number}.jpg": photo(number) for number in range(5)})
    for dag_id in ("setup_image_search", "embed_images", "setup_image_search"):
        assert fresh_world.run(dag_id).state == "success"
    assert fresh_world.rows("SELECT COUNT(*) AS images FROM met_image_embeddings") == [{"images": 5}]


def test_tables_of_an_earlier_checkout_get_the_columns_they_lack(fresh_world):
    fresh_world.upload({"1.jpg": photo(1)})
    assert fresh_world.run("setup_image_search").state == "success"
    fresh_world.rows("ALTER TABLE embedding_quarantine DROP COLUMN replayed_at")
    assert fresh_world.run("setup_image_search").state == "success"
    assert fresh_world.run("embed_images").state == "success"


def test_iam_can_be_left_to_others(fresh_world, monkeypatch):
    monkeypatch.setenv("VITRINE_MANAGE_IAM", "false")
    assert not fresh_world.dagbag.dags["setup_image_search__met"].has_task("grant_roles")


@pytest.mark.parametrize("dimension", [128, 1408])
def test_the_newer_function_serves_the_same_dags(fresh_world, monkeypatch, dimension):
    monkeypatch.setenv("VITRINE_FUNCTION", "AI.GENERATE_EMBEDDING")
    monkeypatch.setenv("VITRINE_DIMENSION", str(dimension))
    fresh_world.upload({f"{number}.jpg": photo(number) for number in range(5)})
    for dag_id in ("setup_image_search", "embed_images", "search_images"):
        assert fresh_world.run(dag_id).state == "success"
    lengths = (
        "SELECT DISTINCT ARRAY_LENGTH(ml_generate_embedding_result) AS n, model FROM met_image_embeddings"
    )
    assert fresh_world.rows(lengths) == [{"n": dimension, "model": f"multimodalembedding@001/{dimension}"}]
    assert len(fresh_world.rows("SELECT rank FROM vector_search_results")) == 3


def test_another_model_is_refused_before_anything_is_paid(fresh_world, monkeypatch):
    fresh_world.upload({"1.jpg": photo(1)})
    for dag_id in ("setup_image_search", "embed_images"):
        assert fresh_world.run(dag_id).state == "success"
    monkeypatch.setenv("VITRINE_DIMENSION", "256")
    monkeypatch.setenv("VITRINE_MAX_PASSES", "1")  # dag.test() takes a second for every task that cannot run
    fresh_world.upload({"2.jpg": photo(2)})
    last = fresh_world.emulator.last_call()
    del fresh_world.dagbag

    refused = {
        dag_id: fresh_world.run(dag_id) for dag_id in ("setup_image_search", "embed_images", "search_images")
    }

    assert {run.state for run in refused.values()} == {"failed"}
    assert state(refused["setup_image_search"], "assert_one_model") == "failed"
    assert state(refused["setup_image_search"], "create_multimodal_embedding_model") == "upstream_failed"
    assert state(refused["embed_images"], "plan.plan_batches") == "failed"
    assert state(refused["search_images"], "search_images") == "upstream_failed"
    assert fresh_world.emulator.last_call() == last


def test_a_broken_model_shows_up_in_setup_and_the_image_that_setup_asks_about_is_paid_once(hashed, capsys):
    names = [f"{number}.jpg" for number in range(3)]
    hashed.put({name: photo(number) for number, name in enumerate(names)})
    before = hashed.world.emulator.last_call()
    hashed.world.emulator.faults(terminal_uris=[hashed.uri(name) for name in names])
    run = hashed.world.run("setup_image_search")
    assert (run.state, state(run, "ask_one_image")) == ("failed", "failed")
    asked = hashed.calls(before)
    assert {call["uri"] for call in asked} == {hashed.uri(name) for name in names}, "each try takes another"
    call = asked[-1]
    assert f"The model did not embed {call['uri']}: {call['status']}" in capsys.readouterr().out

    hashed.world.emulator.faults(terminal_uris=[])
    assert hashed.world.run("setup_image_search").state == "success"
    assert len(hashed.calls(before)) == len(asked) + 1
    assert hashed.world.run("setup_image_search").state == "success"
    assert len(hashed.calls(before)) == len(asked) + 2, "the one that is embedded is not asked about again"
    assert hashed.published() == []
    run = hashed.world.run("embed_images")
    assert run.state == "success"
    hashed.check_vectors()
    assert hashed.report(run, "planned", "published", "outcome") == {
        "planned": 1,
        "published": 1,
        "outcome": "complete",
    }
    assert len(hashed.calls(before)) == len(asked) + 3
    assert set(hashed.paid(before).values()) == {1}


def test_setup_runs_again_over_a_collection_with_images_in_quarantine(hashed):
    hashed.put({f"{number}.jpg": photo(number) for number in range(5)})
    hashed.world.prepare()
    hashed.world.emulator.faults(terminal_uris=[hashed.uri("0.jpg")])
    assert hashed.world.run("embed_images").state == "success"
    assert hashed.quarantined() == [hashed.uri("0.jpg")]
    assert hashed.world.run("setup_image_search").state == "success"
