"""
### Embed images

Every night: embed new and changed images, publish them for search, and keep the vector index fresh.

1. **take_turn** waits until no other run works on these tables. **refresh_listing** lists the bucket, once.
2. **plan_batches** splits the images that need the model into batches, and shows the cost. What has a known
   vector is published without a call: a renamed file, a copy. Above `max_cost_usd` the run waits for approval
   in **approve_cost**; a dry run ends here. **take_quota** waits for other collections that share the quota.
3. **pass_1**: **embed_batch** runs one BigQuery job per batch, a few in parallel. **settle_batch** makes the
   images of a batch searchable as soon as it is done.
4. **repair**: **check_status** sets broken images aside, and starts another pass, after a pause, while there
   are images that a retry may fix. If everything is broken, it is the model: the run fails.
5. **sync_bucket** updates metadata, and removes images that are gone from the bucket, but never many at once.
6. **vector_index**: create it once there are enough rows, and wait until it is filled.
   **find_duplicates** finds pictures that are nearly the same as the new ones.
7. **report_run** fails the run unless every image is accounted for. **next_wave** starts the next run if this
   one was full and `keep_going` is set.

Trigger it by hand for a back-fill. It is safe to stop and clear at any time. See docs/dags/embed_images.md.
"""

from typing import cast

# For the dag-processor, which imports the modules that DAG files name once, before it parses the files.
from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator  # noqa: F401
from airflow.sdk import DAG, BaseOperator, TaskGroup, TriggerRule, chain, task_group

from vitrine import assets, notifications
from vitrine.collection import Collection
from vitrine.dag_defaults import (
    collections_of,
    dag_arguments,
    deadline,
    default_args,
    describe_tasks,
    refuse_unknown_params,
    runs_at,
)
from vitrine.embed import params, queries
from vitrine.embed.approval import approval
from vitrine.embed.check_status import CheckStatusOperator
from vitrine.embed.embed_batch import EmbedBatchOperator
from vitrine.embed.find_duplicates import FindDuplicatesOperator
from vitrine.embed.next_wave import NextWaveOperator
from vitrine.embed.plan_batches import PlanBatchesOperator, PlanRunOperator
from vitrine.embed.planning import Batch
from vitrine.embed.report_run import ReportRunOperator
from vitrine.embed.settle_batch import SettleBatchOperator
from vitrine.embed.statement import EmbedStatementOperator
from vitrine.embed.sync_bucket import SyncBucketOperator
from vitrine.embed.take_turn import TakeTurnSensor
from vitrine.index.create_index import CreateVectorIndexOperator
from vitrine.index.sensor import VectorIndexSensor


def embed_images(collection: Collection) -> DAG:
    """Build the DAG of one collection and one of its models."""
    passes = range(1, collection.max_passes + 1)
    checks = [f"repair.check_status_{number}" for number in passes]
    in_words = "batch {{ task.batch['batch_number'] }}: {{ task.batch['images'] }} images"

    def embed_pass(number: int, plan: PlanBatchesOperator, ready: BaseOperator) -> TaskGroup:
        """Add the batches of a pass, each of which is searchable as soon as it is done."""

        @task_group(group_id=f"pass_{number}")
        def batches(batch: Batch) -> None:
            embed = EmbedBatchOperator(
                task_id="embed_batch",
                collection=collection,
                batch=batch,
                map_index_template=in_words,
                max_active_tis_per_dagrun=collection.lanes,
            )
            settle = SettleBatchOperator(
                task_id="settle_batch", collection=collection, batch=batch, map_index_template=in_words
            )
            chain(embed, settle)

        embedded = cast(TaskGroup, batches.expand(batch=plan.output))
        # Airflow maps the group over the plan only if the plan is directly before it.
        chain([plan, ready], embedded)
        return embedded

    with DAG(
        dag_id=collection.dag_id("embed_images"),
        description="Embed new and changed images, publish them for search, keep the vector index fresh",
        doc_md=__doc__,
        # At night, when nobody else needs the model's quota.
        schedule=runs_at(collection.schedule),
        deadline=deadline(collection),
        max_active_runs=1,  # does not bind Airflow's Backfill; take_turn lets one run work at a time
        params=params.EMBED_IMAGES,
        default_args=default_args(collection),
        **dag_arguments(collection, **queries.macros(collection)),
    ) as dag:
        take_turn = TakeTurnSensor(
            task_id="take_turn", collection=collection, pre_execute=refuse_unknown_params
        )
        refresh_listing = EmbedStatementOperator(
            task_id="refresh_listing",
            collection=collection,
            configuration=queries.list_bucket(),
            inlets=assets.bucket(collection),
            outlets=[assets.listing(collection)],
            doc_md="List the bucket. Everything after this reads the listing, not the bucket.",
        )
        with TaskGroup("plan"):
            plan: PlanBatchesOperator = PlanRunOperator(
                task_id="plan_batches",
                collection=collection,
                nothing="sync_bucket",
                end="report_run",
            )
            ready: BaseOperator = approval(collection, plan, end="report_run")
        chain(take_turn, refresh_listing, plan)
        embedded = embed_pass(1, plan, ready)
        with TaskGroup("repair"):
            ends: list[BaseOperator] = [plan]
            for number in passes:
                is_last = number == collection.max_passes
                check = CheckStatusOperator(
                    task_id=f"check_status_{number}",
                    collection=collection,
                    plan=plan.task_id,
                    earlier_checks=checks[: number - 1],
                    next_pass=None if is_last else f"repair.plan_batches_{number + 1}",
                    done="sync_bucket",
                    # A failed batch does not keep the others from being checked; the next pass plans it.
                    trigger_rule=TriggerRule.ALL_DONE,
                    planned_by=ready.task_id,
                )
                chain(embedded, check)
                ends.append(check)
                if not is_last:
                    repair = PlanBatchesOperator(
                        task_id=f"plan_batches_{number + 1}", collection=collection, pass_number=number + 1
                    )
                    chain(check, repair)
                    plan, ready, embedded = repair, repair, embed_pass(number + 1, repair, repair)
        sync_bucket = SyncBucketOperator(
            task_id="sync_bucket",
            collection=collection,
            trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
        )
        with TaskGroup("vector_index"):
            create_vector_index = CreateVectorIndexOperator(
                task_id="create_vector_index", collection=collection
            )
            wait_for_vector_index = VectorIndexSensor.of(
                collection,
                task_id="wait_for_vector_index",
                inlets=[assets.embeddings(collection)],
                outlets=[assets.vector_index(collection)],
            )
        find_duplicates = FindDuplicatesOperator(
            task_id="find_duplicates",
            collection=collection,
            sync=sync_bucket.task_id,
            # The run is complete without it, so its report does not tell.
            on_failure_callback=notifications.on_failure(collection),
        )
        report_run = ReportRunOperator(
            task_id="report_run",
            collection=collection,
            approval=("plan.plan_batches", "plan.approve_cost"),
            checks=checks,
            sync=sync_bucket.task_id,
            index=(create_vector_index.task_id, wait_for_vector_index.task_id),
            duplicates=find_duplicates.task_id,
            trigger_rule=TriggerRule.ALL_DONE,
            inlets=[assets.listing(collection)],
            outlets=[assets.embeddings(collection)],
            on_failure_callback=notifications.on_failure(collection),
        )
        next_wave = NextWaveOperator(
            task_id="next_wave", trigger_dag_id=dag.dag_id, report=report_run.task_id
        )
        chain(ends, sync_bucket, create_vector_index, wait_for_vector_index)
        chain(wait_for_vector_index, find_duplicates, report_run, next_wave)
    describe_tasks(dag)
    return dag


for collection in collections_of("embed_images"):
    embed_images(collection)
