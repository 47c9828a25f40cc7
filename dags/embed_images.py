"""
### Embed images

Every night: embed new and changed images, publish them for search, and keep the vector index fresh.

1. **plan_batches** splits the pending images into numbered batches. An image is pending when its *content* is
   neither published nor quarantined, so no content is embedded twice. **review_plan** shows the cost. Above
   `max_cost_usd` the run waits for approval in **approve_cost**; a dry run ends here.
   **take_quota** waits for other collections that use the same quota of the model.
2. **embed_batch** runs one BigQuery job per batch, a few in parallel.
3. **publish_…** moves good vectors into the searchable table; **quarantine_images** sets broken images aside.
4. **check_status** starts another pass, after a pause, while there are images that a retry may fix.
5. **refresh_touched_images** updates metadata. **choose_removal** removes images that are gone from the
   bucket, but refuses to remove many at once.
6. **create_vector_index** and **wait_for_vector_index** run once there are enough rows for an index.
7. **report_run** fails the run unless every image is accounted for.

Trigger it by hand for a back-fill. It is safe to stop and clear at any time. See docs/dags/embed_images.md.
"""

import pendulum

# For the dag-processor, which imports the modules that DAG files name once, before it parses the files.
from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator  # noqa: F401
from airflow.sdk import DAG, BaseOperator, CronDataIntervalTimetable, TaskGroup, TriggerRule, chain

from vitrine import notifications
from vitrine.collection import Collection
from vitrine.dag_defaults import (
    collections_of,
    dag_arguments,
    default_args,
    embeddings,
    refuse_unknown_params,
)
from vitrine.embed import params, queries
from vitrine.embed.approval import approval
from vitrine.embed.check_status import CheckStatusOperator
from vitrine.embed.choose_removal import ChooseRemovalOperator
from vitrine.embed.embed_batch import EmbedBatchOperator
from vitrine.embed.pause import PauseSensor
from vitrine.embed.plan_batches import PlanBatchesOperator
from vitrine.embed.report_run import ReportRunOperator
from vitrine.embed.statement import EmbedStatementOperator
from vitrine.embed.take_turn import TakeTurnSensor
from vitrine.google.jobs import content_types, model, query_job
from vitrine.index.choose_index import ChooseIndexOperator
from vitrine.index.sensor import VectorIndexSensor


def embed_images(collection: Collection) -> DAG:
    """Build the DAG of one collection and one of its models."""
    checks = [f"pass_{number}.check_status" for number in range(1, collection.max_passes + 1)]
    with DAG(
        dag_id=collection.dag_id("embed_images"),
        description="Embed new and changed images, publish them for search, keep the vector index fresh",
        doc_md=__doc__,
        # At night, when nobody else needs the model's quota.
        schedule=CronDataIntervalTimetable(collection.schedule, timezone="UTC"),
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        max_active_runs=1,  # does not bind Airflow's Backfill; take_turn lets one run work at a time
        params=params.EMBED_IMAGES,
        default_args=default_args(collection),
        **dag_arguments(collection, **queries.macros(collection)),
    ) as dag:
        take_turn = TakeTurnSensor(
            task_id="take_turn", collection=collection, pre_execute=refuse_unknown_params
        )
        assert_one_model = EmbedStatementOperator(
            task_id="assert_one_model",
            collection=collection,
            configuration=query_job("schema/assert_one_model.sql", model(collection)),
        )
        replay_quarantine = EmbedStatementOperator(
            task_id="replay_quarantine", collection=collection, configuration=queries.replay(collection)
        )
        chain(take_turn, assert_one_model, replay_quarantine)
        before: BaseOperator = replay_quarantine
        passes: list[BaseOperator] = []
        for number in range(1, collection.max_passes + 1):
            with TaskGroup(f"pass_{number}"):
                plan = PlanBatchesOperator(task_id="plan_batches", collection=collection, pass_number=number)
                ready = approval(collection, plan, end="report_run") if number == 1 else plan
                embed = EmbedBatchOperator.partial(
                    task_id="embed_batch",
                    collection=collection,
                    configuration=queries.embed(collection),
                    map_index_template="batch {{ task.batch.batch_number }}: {{ task.batch.images }} images",
                    max_active_tis_per_dagrun=collection.lanes,
                ).expand(batch=plan.output)
                publish_new = EmbedStatementOperator(
                    task_id="publish_new_embeddings",
                    collection=collection,
                    configuration=queries.publish_new(collection),
                    # A failed batch must not keep the others from being published; the next pass plans it.
                    trigger_rule=TriggerRule.ALL_DONE,
                    planned_by=ready.task_id,
                )
                publish_changed = EmbedStatementOperator(
                    task_id="publish_changed_embeddings",
                    collection=collection,
                    configuration=queries.publish_changed(collection),
                )
                quarantine = EmbedStatementOperator(
                    task_id="quarantine_images",
                    collection=collection,
                    configuration=queries.quarantine(collection),
                )
                check = CheckStatusOperator(
                    task_id="check_status",
                    collection=collection,
                    earlier_checks=checks[: number - 1],
                    next_pass=f"pass_{number + 1}.wait" if number < collection.max_passes else None,
                    done="refresh_touched_images",
                )
                wait = [PauseSensor(task_id="wait", check=checks[number - 2])] if number > 1 else []
                chain(before, *wait, plan)
                chain(ready, embed, publish_new, publish_changed, quarantine, check)
                before = check
                passes.append(check)
        refresh_touched = EmbedStatementOperator(
            task_id="refresh_touched_images",
            collection=collection,
            configuration=query_job("embed/refresh_touched_images.sql", content_types(collection)),
            trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
        )
        choose_removal = ChooseRemovalOperator(
            task_id="choose_removal",
            collection=collection,
            remove="delete_vanished_embeddings",
            keep="choose_index",
        )
        delete_vanished = EmbedStatementOperator(
            task_id="delete_vanished_embeddings",
            collection=collection,
            configuration=queries.delete_vanished(collection),
        )
        choose_index = ChooseIndexOperator(
            task_id="choose_index",
            collection=collection,
            enough="create_vector_index",
            too_few="report_run",
            trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
        )
        create_vector_index = EmbedStatementOperator(
            task_id="create_vector_index",
            collection=collection,
            configuration=query_job("index/create_vector_index.sql"),
        )
        wait_for_vector_index = VectorIndexSensor(task_id="wait_for_vector_index", collection=collection)
        report_run = ReportRunOperator(
            task_id="report_run",
            collection=collection,
            approval=("pass_1.review_plan", "pass_1.approve_cost"),
            checks=checks,
            removal=choose_removal.task_id,
            index=(choose_index.task_id, wait_for_vector_index.task_id),
            trigger_rule=TriggerRule.ALL_DONE,
            outlets=[embeddings(collection)],
            on_failure_callback=notifications.on_failure(collection),
        )
        chain(passes, refresh_touched, choose_removal, delete_vanished, choose_index)
        chain(choose_removal, choose_index)
        chain(choose_index, create_vector_index, wait_for_vector_index, report_run)
        chain(choose_index, report_run)
    return dag


for collection in collections_of("embed_images"):
    embed_images(collection)
