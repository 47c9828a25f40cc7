"""
### Maintain vector index

Every week: measure how many of the nearest pictures searches find with the vector index, and rebuild it when
the images have moved away from what it was trained on.

1. **choose_index**: below 5,000 rows there is no index, every search is exact, and nothing is measured.
2. **measure_recall** searches for a sample of images, and for words that people have searched for, with the
   index and exactly. The model is not called. What it finds is a row of `index_health` and the trend on the
   health page.
3. **choose_rebuild**: BigQuery advises to rebuild from a drift of 0.3 on. A run that is triggered with
   `rebuild` does so in any case.
4. **rebuild_vector_index**, **wait_for_vector_index** and **measure_rebuilt_index**.
5. **check_recall** fails the run, saying what to set, when searches find less than `VITRINE_MIN_RECALL`.

It may be stopped and cleared at any time. See docs/dags/maintain_vector_index.md.
"""

import pendulum
from airflow.sdk import DAG, TriggerRule, chain

from vitrine import defaults, notifications, params, queries, settings
from vitrine.jobs import query_job, string
from vitrine.limits import NO_BACKGROUND_RESERVATION, REBUILD_IN_PROGRESS
from vitrine.operators.check_recall import CheckRecallOperator
from vitrine.operators.choose_index import ChooseIndexOperator
from vitrine.operators.choose_rebuild import ChooseRebuildOperator
from vitrine.operators.measure_recall import MeasureRecallOperator
from vitrine.operators.query_job import QueryJobOperator
from vitrine.sensors.vector_index import VectorIndexSensor

config = settings.load()
READ_INDEX = query_job("embed_images/select_vector_index.sql")
INDEX = {"table_id": config.table_id("met_image_embeddings"), "coverage": config.index_coverage}


def measure(task_id: str, *, rebuilt: bool) -> MeasureRecallOperator:
    """The task that measures the index as it is then."""
    return MeasureRecallOperator(
        task_id=task_id,
        rebuilt=rebuilt,
        read=READ_INDEX,
        **INDEX,
        drift=queries.drift(),
        configuration=queries.recall(config),
        write=queries.index_health(config),
        usual_share=config.fraction_lists_to_search,
    )


with DAG(
    dag_id="maintain_vector_index",
    doc_md=__doc__,
    # Far from the nightly run, which keeps the same index filled.
    schedule=config.maintenance_schedule,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    max_active_runs=1,
    # Nobody waits for it, so whatever fails is told.
    **defaults.dag_arguments(config, on_failure_callback=notifications.on_failure(config)),
    params=params.MAINTAIN_VECTOR_INDEX,
) as dag:
    measure_recall = measure("measure_recall", rebuilt=False)
    choose_index = ChooseIndexOperator(
        task_id="choose_index",
        configuration=query_job("embed_images/count_embeddings.sql"),
        create=measure_recall.task_id,
        skip="check_recall",
    )
    choose_rebuild = ChooseRebuildOperator(
        task_id="choose_rebuild",
        measured=measure_recall.task_id,
        force="{{ params.rebuild }}",
        configuration=query_job("maintain_vector_index/count_rebuilds.sql", queries.RUN_ID),
        rebuild="rebuild_vector_index",
        skip="check_recall",
    )
    rebuild_vector_index = QueryJobOperator.of(
        "maintain_vector_index/rebuild_vector_index.sql",
        string("in_progress", REBUILD_IN_PROGRESS), string("no_reservation", NO_BACKGROUND_RESERVATION),
    )  # fmt: skip
    wait_for_vector_index = VectorIndexSensor(
        task_id="wait_for_vector_index",
        configuration=READ_INDEX,
        **INDEX,
        built_before="{{ ti.xcom_pull(task_ids='measure_recall', key='built') }}",
        poke_interval=config.index_poll_seconds,
        timeout=config.index_timeout_seconds,
    )
    measure_rebuilt_index = measure("measure_rebuilt_index", rebuilt=True)
    check_recall = CheckRecallOperator(
        task_id="check_recall",
        measured=[measure_recall.task_id, measure_rebuilt_index.task_id],
        goal=config.min_recall,
        trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
    )
    chain(choose_index, measure_recall, choose_rebuild)
    chain(choose_rebuild, rebuild_vector_index, wait_for_vector_index, measure_rebuilt_index, check_recall)
    chain([choose_index, choose_rebuild], check_recall)
