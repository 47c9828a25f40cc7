"""
### Maintain vector index

Every week: measure the recall of the vector index, and rebuild it when the images have drifted away from
those it was trained on.

1. **choose_index**: below 5,000 rows there is no index, every search is exact, and there is nothing to
   measure.
2. **measure_recall** repeats a sample of searches, by image and by the words people have searched for, with
   the index and exactly. It makes no call to the model. The result is a row of `index_health` and a point on
   the health page.
3. **choose_rebuild**: BigQuery recommends a rebuild from a drift of 0.3. The Param `rebuild` forces one.
4. **rebuild_vector_index**, **wait_for_vector_index** and **measure_rebuilt_index**.
5. **check_recall** fails the run when recall is below the setting `min_recall`, and says what to set.

It is safe to stop and clear at any time. See docs/dags/maintain_vector_index.md.
"""

from airflow.sdk import DAG, TriggerRule, chain

from vitrine import notifications
from vitrine.collection import Collection
from vitrine.dag_defaults import collections_of, dag_arguments, default_args, refuse_unknown_params, runs_at
from vitrine.google.jobs import query_job, string
from vitrine.google.statement import BigQueryStatementOperator
from vitrine.index import params, recall
from vitrine.index.check_recall import CheckRecallOperator
from vitrine.index.choose_index import ChooseIndexOperator
from vitrine.index.choose_rebuild import ChooseRebuildOperator
from vitrine.index.measure_recall import MeasureRecallOperator
from vitrine.index.sensor import VectorIndexSensor
from vitrine.limits import NO_BACKGROUND_RESERVATION, REBUILD_IN_PROGRESS


def maintain_vector_index(collection: Collection) -> DAG:
    """Build the DAG of one collection and one of its models."""
    with DAG(
        dag_id=collection.dag_id("maintain_vector_index"),
        description="Measure the recall of the vector index; rebuild it when the images have drifted",
        doc_md=__doc__,
        # Far from the nightly run, which keeps the same index filled.
        schedule=runs_at(collection.maintenance_schedule),
        max_active_runs=1,
        params=params.MAINTAIN_VECTOR_INDEX,
        # Nobody is watching this run, so every failed task notifies.
        default_args=default_args(collection) | {"on_failure_callback": notifications.on_failure(collection)},
        **dag_arguments(
            collection, measured_options=recall.measured_options(collection.fraction_lists_to_search)
        ),
    ) as dag:
        choose_index = ChooseIndexOperator(
            task_id="choose_index",
            collection=collection,
            enough="measure_recall",
            too_few="check_recall",
            pre_execute=refuse_unknown_params,
        )
        measure_recall = MeasureRecallOperator(task_id="measure_recall", collection=collection, rebuilt=False)
        choose_rebuild = ChooseRebuildOperator(
            task_id="choose_rebuild",
            collection=collection,
            measured=measure_recall.task_id,
            rebuild="rebuild_vector_index",
            keep="check_recall",
        )
        rebuild_vector_index = BigQueryStatementOperator(
            task_id="rebuild_vector_index",
            collection=collection,
            configuration=query_job(
                "index/rebuild_vector_index.sql",
                string("in_progress", REBUILD_IN_PROGRESS),
                string("no_reservation", NO_BACKGROUND_RESERVATION),
            ),
        )
        wait_for_vector_index = VectorIndexSensor.of(
            collection,
            task_id="wait_for_vector_index",
            built_before="{{ ti.xcom_pull(task_ids='measure_recall', key='built') }}",
        )
        measure_rebuilt_index = MeasureRecallOperator(
            task_id="measure_rebuilt_index", collection=collection, rebuilt=True
        )
        check_recall = CheckRecallOperator(
            task_id="check_recall",
            measured=[measure_recall.task_id, measure_rebuilt_index.task_id],
            goal=collection.min_recall,
            trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
        )
        chain(choose_index, measure_recall, choose_rebuild)
        chain(
            choose_rebuild, rebuild_vector_index, wait_for_vector_index, measure_rebuilt_index, check_recall
        )
        chain([choose_index, choose_rebuild], check_recall)
    return dag


for collection in collections_of("maintain_vector_index"):
    maintain_vector_index(collection)
