"""The DAGs as a person sees them: which there are, how their tasks follow each other, what they accept."""

import copy
from itertools import pairwise

import pytest
from airflow.sdk.exceptions import ParamValidationError

from tests.support.world import DAGS as DAGS_FOLDER
from tests.support.world import parse_dags
from vitrine import limits

PASS = [
    "plan_batches",
    "embed_batch",
    "publish_new_embeddings",
    "publish_changed_embeddings",
    "quarantine_images",
    "check_status",
]

DAGS = {
    "setup_image_search__met",
    "embed_images__met",
    "search_images__met",
    "search_saved_queries__met",
    "maintain_vector_index__met",
}


def test_there_are_exactly_these_dags(dagbag):
    assert set(dagbag.dags) == DAGS


@pytest.mark.parametrize("dag_id", sorted(DAGS))
def test_every_dag_is_documented_tagged_and_explicit(dagbag, dag_id):
    dag = dagbag.dags[dag_id]
    assert dag.doc_md.strip().startswith("###")
    assert dag.tags == {"vitrine", "met"}
    assert dag.catchup is False
    assert dag.fileloc.endswith(f"/{dag_id.removesuffix('__met')}.py")
    assert all(task.owner == "vitrine" and task.retries for task in dag.tasks)


def test_the_night_and_the_week_are_scheduled_and_never_twice_at_once(dagbag):
    dag = dagbag.dags["embed_images__met"]
    assert dag.max_active_runs == 1
    assert [task.task_id for task in dag.roots] == ["take_turn"]
    assert dag.get_task("take_turn").max_active_tis_per_dag == 1
    assert dag.get_task("pass_1.plan_batches").get_flat_relative_ids(upstream=True) >= {"take_turn"}
    scheduled = {dag_id for dag_id, dag in dagbag.dags.items() if dag.timetable.can_be_scheduled}
    assert scheduled == {"embed_images__met", "maintain_vector_index__met"}
    assert dagbag.dags["maintain_vector_index__met"].max_active_runs == 1


def test_a_pass_is_a_chain_and_the_next_begins_with_a_pause(dagbag):
    dag = dagbag.dags["embed_images__met"]
    gate = ["plan_batches", "review_plan", "approve_cost", "take_quota", "embed_batch"]
    for number in range(1, 6):
        for before, after in pairwise([*gate, *PASS[2:]] if number == 1 else PASS):
            assert f"pass_{number}.{after}" in dag.get_task(f"pass_{number}.{before}").downstream_task_ids
        onward = {"refresh_touched_images"} | ({f"pass_{number + 1}.wait"} if number < 5 else set())
        assert dag.get_task(f"pass_{number}.check_status").downstream_task_ids == onward
    assert dag.get_task("pass_2.wait").downstream_task_ids == {"pass_2.plan_batches"}
    assert not dag.has_task("pass_1.wait")


def test_nothing_is_embedded_nor_repaired_unless_the_plan_was_approved(dagbag):
    dag = dagbag.dags["embed_images__met"]
    assert dag.get_task("pass_1.review_plan").downstream_task_ids == {
        "pass_1.approve_cost",
        "pass_1.take_quota",
    }
    assert dag.get_task("pass_1.take_quota").trigger_rule == "none_failed"
    assert dag.get_task("pass_1.embed_batch").trigger_rule == "all_success"
    assert dag.get_task("pass_1.publish_new_embeddings").planned_by == "pass_1.take_quota"
    assert dag.get_task("pass_2.publish_new_embeddings").planned_by == "pass_2.plan_batches"


def test_the_report_comes_last_and_always(dagbag):
    dag = dagbag.dags["embed_images__met"]
    assert [task.task_id for task in dag.leaves] == ["report_run"]
    assert dag.get_task("report_run").trigger_rule == "all_done"
    assert dag.get_task("choose_removal").downstream_task_ids == {
        "delete_vanished_embeddings",
        "choose_index",
    }
    assert dag.get_task("choose_index").downstream_task_ids == {"create_vector_index", "report_run"}


def test_batches_never_use_more_lanes_than_bigquery_has(dagbag):
    lanes = dagbag.dags["embed_images__met"].get_task("pass_1.embed_batch").max_active_tis_per_dagrun
    assert 1 <= lanes <= limits.MAX_CONCURRENT_EMBEDDING_JOBS


def test_setup_goes_from_dataset_to_preflight(dagbag):
    dag = dagbag.dags["setup_image_search__met"]
    order = [task.task_id for task in dag.topological_sort()]
    chain = ["create_dataset", "create_connection", "grant_roles", "create_images",
             "create_multimodal_embedding_model", "assert_images_listed", "assert_model_answers"]  # fmt: skip
    assert [task_id for task_id in order if task_id in chain] == chain
    assert dag.get_task("create_multimodal_embedding_model").upstream_task_ids == {
        "create_images", "assert_one_model",
    }  # fmt: skip
    for table in ("embedding_attempts", "embedding_quarantine", "embedding_runs"):
        alter = dag.get_task(f"create_tables.alter_{table}")
        assert alter.upstream_task_ids == {f"create_tables.create_{table}"}
    made = {task.task_id for task in dag.tasks if "alter_" not in task.task_id}
    assert made - set(chain) - {"assert_one_model"} == {
        f"create_tables.create_{table}" for table in (
            "embedding_batches", "embedding_attempts", "image_embeddings", "embedding_quarantine",
            "embedding_runs", "index_health",
            "search_embedding", "vector_search_results", "saved_search_results",
        )
    }  # fmt: skip


def test_a_table_may_change_twice(airflow_db, tmp_path):
    setup = (DAGS_FOLDER / "setup_image_search.py").read_text()
    first = '    ("embedding_runs", "alter_embedding_runs"),\n'
    assert first in setup
    again = setup.replace(first, first + '    ("embedding_runs", "alter_embedding_attempts_again"),\n')
    (tmp_path / "setup_image_search.py").write_text(again)
    dag = parse_dags(tmp_path).dags["setup_image_search__met"]
    last = dag.get_task("create_tables.alter_embedding_attempts_again")
    assert last.upstream_task_ids == {"create_tables.alter_embedding_runs"}
    assert "assert_one_model" in last.downstream_task_ids


def test_maintenance_measures_before_and_after_a_rebuild_and_judges_in_any_case(dagbag):
    dag = dagbag.dags["maintain_vector_index__met"]
    chain = ["choose_index", "measure_recall", "choose_rebuild", "rebuild_vector_index",
             "wait_for_vector_index", "measure_rebuilt_index", "check_recall"]  # fmt: skip
    for before, after in pairwise(chain):
        assert after in dag.get_task(before).downstream_task_ids
    for branch in ("choose_index", "choose_rebuild"):
        assert "check_recall" in dag.get_task(branch).downstream_task_ids
    assert [task.task_id for task in dag.leaves] == ["check_recall"]
    assert dag.get_task("check_recall").trigger_rule == "none_failed_min_one_success"
    measurements = [dag.get_task(task) for task in ("measure_recall", "measure_rebuilt_index")]
    assert [task.rebuilt for task in measurements] == [False, True]
    asked = [query["query"] for task in measurements for query in (task.configuration, task.drift)]
    assert [query["useQueryCache"] for query in asked] == [False] * 4, "else the second repeats the first"


def test_a_failure_is_told_where_nobody_waits_for_the_run(monkeypatch, airflow_db):
    monkeypatch.setenv("VITRINE_NOTIFIER", "tests.faults.test_notifications.File")
    monkeypatch.setenv("VITRINE_NOTIFIER_ARGUMENTS", '{"path": "p", "message": "m"}')
    dags = parse_dags().dags
    told = {task for dag in dags.values() for task in dag.tasks if task.on_failure_callback}
    unattended = ("maintain_vector_index__met", "search_saved_queries__met")
    assert told == {*(task for dag_id in unattended for task in dags[dag_id].tasks),
                    dags["embed_images__met"].get_task("report_run")}  # fmt: skip


@pytest.mark.parametrize(
    ("dag_id", "conf"),
    [
        ("embed_images__met", {"batch_size": 25_001}),
        ("embed_images__met", {"batch_size": 0}),
        ("embed_images__met", {"max_images": 0}),
        ("embed_images__met", {"max_cost_usd": -0.01}),
        ("embed_images__met", {"order": "largest"}),
        ("embed_images__met", {"dry_run": "perhaps"}),
        ("search_images__met", {"query": ""}),
        ("search_images__met", {"top_k": 0}),
        ("search_images__met", {"fraction_lists_to_search": 1}),
        ("search_images__met", {"fraction_lists_to_search": 0}),
        ("maintain_vector_index__met", {"queries": 9}),
        ("maintain_vector_index__met", {"top_k": 0}),
    ],
)
def test_params_refuse_what_bigquery_would(dagbag, dag_id, conf):
    params = copy.deepcopy(dagbag.dags[dag_id].params)
    with pytest.raises(ParamValidationError):
        params.update(conf)


def test_saved_queries_are_searched_when_there_are_any(monkeypatch, airflow_db):
    monkeypatch.setenv("VITRINE_SAVED_QUERIES", "a red car")
    dag = parse_dags().dags["search_saved_queries__met"]
    [asset] = parse_dags().dags["embed_images__met"].get_task("report_run").outlets
    assert [one.uri for one in dag.timetable.asset_condition.objects] == [asset.uri]
    assert dag.get_task("write_gallery").queries == ["a red car"]
