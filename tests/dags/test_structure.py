"""The DAGs as a person sees them: which there are, how their tasks follow each other, what they accept."""

import copy
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from airflow.sdk.exceptions import ParamValidationError

from tests.support.world import DAGS as DAGS_FOLDER
from tests.support.world import parse_dags
from vitrine import limits
from vitrine.collection import load
from vitrine.dag_defaults import runs_at
from vitrine.embed.approve import ApproveOperator
from vitrine.setup.tables import TABLES_TO_DROP

DAGS = {
    "setup_image_search__met",
    "embed_images__met",
    "search_images__met",
    "search_saved_queries__met",
    "maintain_vector_index__met",
    "map_collection__met",
    "teardown_image_search__met",
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
    assert dag.get_task("plan.plan_batches").get_flat_relative_ids(upstream=True) >= {"take_turn"}
    scheduled = {dag_id for dag_id, dag in dagbag.dags.items() if dag.timetable.can_be_scheduled}
    assert scheduled == {"embed_images__met", "maintain_vector_index__met", "map_collection__met"}
    assert {dagbag.dags[dag_id].max_active_runs for dag_id in scheduled} == {1}


@pytest.mark.parametrize(
    ("dag_id", "setting"),
    [
        ("embed_images__met", "schedule"),
        ("maintain_vector_index__met", "maintenance_schedule"),
        ("map_collection__met", "maintenance_schedule"),
    ],
)
def test_unpausing_waits_for_the_next_time_of_the_schedule(dagbag, dag_id, setting):
    dag = dagbag.dags[dag_id]
    assert dag.timetable == runs_at(getattr(load()["met"], setting))
    assert dag.start_date is None, "else unpausing would make up for the last time"


def test_a_night_has_a_deadline_if_the_collection_has_one(monkeypatch, airflow_db, dagbag):
    assert dagbag.dags["embed_images__met"].deadline is None
    monkeypatch.setenv("VITRINE_COMPLETE_WITHIN_MINUTES", "300")
    dag = parse_dags().dags["embed_images__met"]
    [alert] = dag.deadline
    at_two = datetime(2026, 11, 27, 2, tzinfo=UTC)
    assert at_two - dag.timetable.interval + alert.interval == datetime(2026, 11, 27, 7, tzinfo=UTC)
    assert alert.callback.path == "vitrine.notifications.deadline_missed"
    assert alert.callback.kwargs == {"collection": "met", "model": "default"}


def test_assets_go_from_the_bucket_to_the_index(dagbag):
    tasks = dagbag.dags["embed_images__met"].task_dict.values()
    arrows = {(i.uri, o.uri) for task in tasks for i in task.inlets for o in task.outlets}
    met = load()["met"]
    tables = [
        f"bigquery://{met.project}/{met.dataset}/met_{name}"
        for name in ("images", "image_embeddings", "images_index")
    ]
    chain = ["gs://met-demo/", *tables]
    assert arrows == set(pairwise(chain))


def test_the_graph_fits_on_a_screen(dagbag):
    dag = dagbag.dags["embed_images__met"]
    assert load()["met"].max_passes == 5
    assert len(dag.tasks) <= 30
    assert len(dag.task_group.children) <= 10


def test_every_task_says_what_it_does(dagbag):
    descriptions = {task.task_id: task.doc_md for task in dagbag.dags["embed_images__met"].tasks}
    for task_id, text in descriptions.items():
        assert text, task_id
        assert text.endswith("."), task_id
        assert "Operator" not in text, f"{task_id} speaks of its class"


def test_the_order_is_that_of_the_docs(dagbag):
    dag = dagbag.dags["embed_images__met"]
    passes = ["repair.check_status_1"]
    for number in range(2, 6):
        repair = f"repair.pass_{number}"
        passes += [f"repair.plan_batches_{number}", f"{repair}.embed_batch", f"{repair}.settle_batch"]
        passes += [f"repair.check_status_{number}"]
    order = [
        "take_turn",
        "refresh_listing",
        "plan.plan_batches",
        "plan.approve_cost",
        "plan.take_quota",
        "pass_1.embed_batch",
        "pass_1.settle_batch",
        *passes,
        "sync_bucket",
        "vector_index.create_vector_index",
        "vector_index.wait_for_vector_index",
        "find_duplicates",
        "report_run",
        "next_wave",
    ]
    assert {task.task_id for task in dag.tasks} == set(order)
    for before, after in pairwise(order):
        assert after in dag.get_task(before).downstream_task_ids, (before, after)
    ends = {"plan.plan_batches", *(f"repair.check_status_{number}" for number in range(1, 6))}
    assert dag.get_task("sync_bucket").upstream_task_ids == ends
    assert [task.task_id for task in dag.leaves] == ["next_wave"]


def test_nothing_is_embedded_nor_repaired_unless_the_plan_was_approved(dagbag):
    dag = dagbag.dags["embed_images__met"]
    assert dag.get_task("plan.take_quota").trigger_rule == "none_failed"
    for number, planned_by in enumerate(["plan.take_quota", "repair.plan_batches_2"], start=1):
        group = "pass_1" if number == 1 else f"repair.pass_{number}"
        assert dag.get_task(f"{group}.embed_batch").upstream_task_ids >= {planned_by}
        assert dag.get_task(f"{group}.embed_batch").trigger_rule == "all_success"
        assert dag.get_task(f"{group}.settle_batch").trigger_rule == "all_success"
        check = dag.get_task(f"repair.check_status_{number}")
        assert (check.trigger_rule, check.planned_by) == ("all_done", planned_by)


def test_the_report_comes_in_any_case_and_the_next_wave_only_after_a_good_one(dagbag):
    dag = dagbag.dags["embed_images__met"]
    assert dag.get_task("report_run").trigger_rule == "all_done"
    assert dag.get_task("next_wave").trigger_rule == "all_success"
    assert dag.get_task("next_wave").upstream_task_ids == {"report_run"}
    assert dag.get_task("next_wave").trigger_dag_id == dag.dag_id
    assert dag.get_task("sync_bucket").trigger_rule == "none_failed_min_one_success"


def test_batches_never_use_more_lanes_than_bigquery_has(dagbag):
    lanes = dagbag.dags["embed_images__met"].get_task("pass_1.embed_batch").max_active_tis_per_dagrun
    assert 1 <= lanes <= limits.MAX_CONCURRENT_EMBEDDING_JOBS


def test_setup_looks_for_what_it_needs_first_and_pays_for_the_model_last(dagbag):
    dag = dagbag.dags["setup_image_search__met"]
    order = [task.task_id for task in dag.topological_sort()]
    chain = [
        "preflight.check_cloud",
        "create_dataset",
        "create_connection",
        "grant_roles",
        "create_images",
        "create_multimodal_embedding_model",
        "refresh_listing",
        "assert_images_listed",
        "check_statements",
        "ask_one_image",
        "ask_words",
    ]
    assert [task_id for task_id in order if task_id in chain] == chain
    assert [task.task_id for task in dag.roots] == ["preflight.check_cloud"]
    for free, paid in (("check_statements", "ask_one_image"), ("ask_one_image", "ask_words")):
        assert dag.get_task(paid).upstream_task_ids == {free}
    assert dag.get_task("create_multimodal_embedding_model").upstream_task_ids == {
        "create_images",
        "assert_one_model",
    }
    for table in ("embedding_batches", "embedding_attempts", "embedding_quarantine", "embedding_runs"):
        alter = dag.get_task(f"create_tables.alter_{table}")
        assert alter.upstream_task_ids == {f"create_tables.create_{table}"}
    confirmations = dag.get_task("create_tables.create_embedding_confirmations")
    assert confirmations.upstream_task_ids == {"create_tables.create_image_embeddings"}, "it reads them"
    made = {task.task_id for task in dag.tasks if "alter_" not in task.task_id}
    assert made - set(chain) - {"assert_one_model"} == {
        f"create_tables.create_{table}"
        for table in (
            "embedding_batches",
            "embedding_attempts",
            "image_embeddings",
            "embedding_quarantine",
            "embedding_confirmations",
            "embedding_lease",
            "embedding_runs",
            "index_health",
            "search_embedding",
            "vector_search_results",
            "saved_search_results",
            "near_duplicates",
            "image_map",
        )
    }


def test_teardown_asks_before_it_drops_and_drops_what_refers_to_others_first(dagbag):
    dag = dagbag.dags["teardown_image_search__met"]
    order = [
        "list_resources",
        "approve_teardown",
        "refuse_others",
        "drop_vector_index",
        "drop_tables",
        "drop_model",
        "drop_images",
        "drop_connection",
        "drop_dataset",
        "delete_galleries",
        "report_teardown",
    ]
    assert {task.task_id for task in dag.tasks} == set(order)
    for before, after in pairwise(order):
        assert dag.get_task(after).upstream_task_ids == {before}
    rules = {task_id: dag.get_task(task_id).trigger_rule for task_id in order}
    assert {rules[task_id] for task_id in order[:4]} == {"all_success"}
    assert {rules[task_id] for task_id in order[4:]} == {"none_failed"}, "a part that stays stops no other"
    assert dag.params["confirm"] is None, "nobody tears down with one click"
    assert type(dag.get_task("approve_teardown")) is ApproveOperator, "it asks always"


def test_teardown_drops_the_tables_that_setup_makes_and_the_lease_last(dagbag):
    made = {
        task.task_id.removeprefix("create_tables.create_")
        for task in dagbag.dags["setup_image_search__met"].tasks
        if task.task_id.startswith("create_tables.create_")
    }
    assert set(TABLES_TO_DROP) == made
    assert TABLES_TO_DROP[-1] == "embedding_lease"


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
    chain = [
        "choose_index",
        "measure_recall",
        "choose_rebuild",
        "rebuild_vector_index",
        "wait_for_vector_index",
        "measure_rebuilt_index",
        "check_recall",
    ]
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


def test_the_map_is_drawn_of_one_model_into_a_table_that_is_there(dagbag):
    dag = dagbag.dags["map_collection__met"]
    order = ["assert_one_model", "create_image_map", "draw_map"]
    assert {task.task_id for task in dag.tasks} == set(order)
    for before, after in pairwise(order):
        assert dag.get_task(after).upstream_task_ids == {before}
    assert not dag.params


def test_a_failure_is_told_where_nobody_waits_for_the_run(monkeypatch, airflow_db):
    monkeypatch.setenv("VITRINE_NOTIFIER", "tests.faults.letters.File")
    monkeypatch.setenv("VITRINE_NOTIFIER_ARGUMENTS", '{"path": "p", "message": "m"}')
    dags = parse_dags().dags
    told = {task for dag in dags.values() for task in dag.tasks if task.on_failure_callback}
    unattended = ("maintain_vector_index__met", "map_collection__met", "search_saved_queries__met")
    assert told == {
        *(task for dag_id in unattended for task in dags[dag_id].tasks),
        *(dags["embed_images__met"].get_task(task_id) for task_id in ("find_duplicates", "report_run")),
    }


@pytest.mark.parametrize(
    ("dag_id", "conf"),
    [
        ("embed_images__met", {"batch_size": 25_001}),
        ("embed_images__met", {"batch_size": 0}),
        ("embed_images__met", {"max_images": 0}),
        ("embed_images__met", {"max_images": 10**20}),
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
