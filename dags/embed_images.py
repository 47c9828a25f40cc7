"""
### Embed images

Every night: embed the images that are new or changed, publish them for search, keep the vector index fresh.

1. **plan_batches** writes which images are pending into numbered batches. Pending is decided by *content*:
   neither published nor in quarantine. No content is embedded twice. **review_plan** shows what that costs;
   above `max_cost_usd` a person decides in **approve_cost**, and a dry run ends.
2. **embed_batch** runs one BigQuery job a batch, a few side by side.
3. **publish_…** moves good vectors into the searchable table; **quarantine_images** sets broken images aside.
4. **check_status** begins another pass (after a pause) while images are left that a retry can cure.
5. **refresh_touched_images** takes over new metadata. **choose_removal** takes images that are gone from the
   bucket out of the table, but never many at once.
6. **create_vector_index** and **wait_for_vector_index**, when there are rows enough for an index.
7. **report_run** fails the run unless every image is accounted for.

Run it by hand for a back-fill; it may be stopped and cleared at any time. See docs/dags/embed_images.md.
"""

import pendulum

# Named here for the dag-processor, which imports what a file names once, before it parses the files.
from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator  # noqa: F401
from airflow.sdk import DAG, CronDataIntervalTimetable, TaskGroup, TriggerRule, chain

from vitrine import defaults, notifications, params, queries, settings
from vitrine.approval import approval
from vitrine.jobs import boolean, float64, query_job
from vitrine.operators.check_status import CheckStatusOperator
from vitrine.operators.choose_index import ChooseIndexOperator
from vitrine.operators.choose_removal import ChooseRemovalOperator
from vitrine.operators.embed_batch import EmbedBatchOperator
from vitrine.operators.plan_batches import PlanBatchesOperator
from vitrine.operators.query_job import QueryJobOperator
from vitrine.operators.report_run import ReportRunOperator
from vitrine.sensors.pause import PauseSensor
from vitrine.sensors.take_turn import TakeTurnSensor
from vitrine.sensors.vector_index import VectorIndexSensor

config = settings.load()
ALLOW_MASS_DELETE = "{{ params.allow_mass_delete }}"
MODEL, CONTENT_TYPES = queries.model(config), queries.content_types(config)
CHECKS = [f"pass_{number}.check_status" for number in range(1, config.max_passes + 1)]

with DAG(
    dag_id="embed_images",
    doc_md=__doc__,
    # At night, when nobody waits for the model's quota.
    schedule=CronDataIntervalTimetable(config.schedule, timezone="UTC"),
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    max_active_runs=1,  # Airflow's Backfill has its own; take_turn lets one run work at a time
    **defaults.dag_arguments(config, in_turn=True),
    params=params.EMBED_IMAGES,
) as dag:
    refresh_touched = QueryJobOperator.of(
        "embed_images/refresh_touched_images.sql",
        CONTENT_TYPES, trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
    )  # fmt: skip
    choose_removal = ChooseRemovalOperator(
        task_id="choose_removal",
        configuration=query_job("embed_images/count_vanished.sql", MODEL),
        max_share=config.max_removed_share,
        allow_mass_delete=ALLOW_MASS_DELETE,
        remove="delete_vanished_embeddings",
        skip="choose_index",
    )
    delete_vanished = QueryJobOperator.of(
        "embed_images/delete_vanished_embeddings.sql", MODEL,
        float64("max_share", config.max_removed_share), boolean("allow_mass_delete", ALLOW_MASS_DELETE),
    )  # fmt: skip
    choose_index = ChooseIndexOperator(
        task_id="choose_index",
        configuration=query_job("embed_images/count_embeddings.sql"),
        create="create_vector_index",
        skip="report_run",
        trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
    )
    take_turn = TakeTurnSensor(task_id="take_turn", poke_interval=config.retry_wait_seconds)
    # Before the first pass, and then before each: what must have gone well.
    before = QueryJobOperator(task_id="replay_quarantine", configuration=queries.replay(config))
    chain(take_turn, QueryJobOperator.of("schema/assert_one_model.sql", MODEL), before)
    for number in range(1, config.max_passes + 1):
        with TaskGroup(f"pass_{number}"):
            plan = PlanBatchesOperator(
                task_id="plan_batches",
                pass_number=number,
                write=queries.plan(config),
                read=query_job("embed_images/select_batches.sql"),
                rates=config.rates,
            )
            ready = approval(config, plan, end="report_run") if number == 1 else plan
            embed = EmbedBatchOperator.partial(
                task_id="embed_batch",
                configuration=queries.embed(config),
                failed=query_job("embed_images/insert_failed_attempts.sql", MODEL),
                count=queries.order(),
                map_index_template="batch {{ task.batch.batch_number }}: {{ task.batch.images }} images",
                max_active_tis_per_dagrun=config.lanes,
            ).expand(batch=plan.output)
            # A failed batch must not keep the others from being published: the next pass plans it again.
            publish_new = QueryJobOperator.of(
                "embed_images/publish_new_embeddings.sql", MODEL, CONTENT_TYPES,
                trigger_rule=TriggerRule.ALL_DONE, planned_by=ready.task_id,
            )  # fmt: skip
            publish_changed = QueryJobOperator.of(
                "embed_images/publish_changed_embeddings.sql", MODEL, CONTENT_TYPES
            )
            quarantine = QueryJobOperator.of(
                "embed_images/quarantine_images.sql", MODEL, queries.RETRYABLE, queries.FAILED_ALONE
            )
            check = CheckStatusOperator(
                task_id="check_status",
                configuration=queries.progress(config),
                earlier_checks=CHECKS[: number - 1],
                max_passes=config.max_passes,
                pauses=(config.retry_wait_seconds, config.max_retry_wait_seconds),
                next_pass=f"pass_{number + 1}.wait" if number < config.max_passes else None,
                done=refresh_touched.task_id,
            )
            wait = [PauseSensor(task_id="wait", check=CHECKS[number - 2])] if number > 1 else []
            chain(before, *wait, plan)
            chain(ready, embed, publish_new, publish_changed, quarantine, check, refresh_touched)
            before = check
    create_vector_index = QueryJobOperator.of("embed_images/create_vector_index.sql")
    wait_for_vector_index = VectorIndexSensor(
        task_id="wait_for_vector_index",
        configuration=query_job("embed_images/select_vector_index.sql"),
        table_id=config.table_id("met_image_embeddings"),
        coverage=config.index_coverage,
        poke_interval=config.index_poll_seconds,
        timeout=config.index_timeout_seconds,
    )
    report_run = ReportRunOperator(
        task_id="report_run",
        count=queries.progress(config),
        write=queries.report(),
        image_usd=config.image_price_usd,
        approval=("pass_1.review_plan", "pass_1.approve_cost"),
        checks=CHECKS,
        removal=choose_removal.task_id,
        index=(choose_index.task_id, wait_for_vector_index.task_id),
        trigger_rule=TriggerRule.ALL_DONE,
        outlets=[defaults.embeddings(config)],
        on_failure_callback=notifications.on_failure(config),
    )
    chain(refresh_touched, choose_removal, delete_vanished, choose_index)
    chain(choose_removal, choose_index)
    chain(choose_index, create_vector_index, wait_for_vector_index, report_run)
    chain(choose_index, report_run)
