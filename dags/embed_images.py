"""
### Embed images

Every night: embed the images that are new or changed, publish them for search, keep the vector index fresh.

1. **plan_batches** writes which images are pending into numbered batches. An image is pending by its *content*: never
   published, not in quarantine. No image is embedded twice.
2. **embed_batch** runs one BigQuery job a batch, a few side by side.
3. **publish_…** moves good vectors into the searchable table; **quarantine_images** sets aside what no retry can cure.
4. **check_status** goes back to 1 in another pass (after a pause) while images are left that a retry can cure.
5. **create_vector_index** and **wait_for_vector_index**, when there are rows enough for an index.
6. **report_run** fails the run unless every planned image is published, in quarantine or gone from the bucket.

Run it by hand for a back-fill; it may be stopped and cleared at any time. See docs/dags/embed_images.md.
"""

from datetime import timedelta

import pendulum

from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator  # noqa: F401 (pre-imported when parsed)
from airflow.sdk import DAG, Asset, CronDataIntervalTimetable, Param, TaskGroup, TriggerRule, chain
from vitrine import defaults, limits, settings
from vitrine.jobs import int64, query_job, string, strings, timestamp
from vitrine.operators.check_status import CheckStatusOperator
from vitrine.operators.choose_index import ChooseIndexOperator
from vitrine.operators.embed_batch import EmbedBatchOperator
from vitrine.operators.plan_batches import PlanBatchesOperator
from vitrine.operators.query_job import QueryJobOperator
from vitrine.operators.report_run import ReportRunOperator
from vitrine.passes import wait_seconds
from vitrine.sensors.pause import PauseSensor
from vitrine.sensors.vector_index import VectorIndexSensor

config = settings.load()
EMBEDDINGS = Asset(f"bigquery://{config.project}/{config.dataset}/met_image_embeddings")
EVERY_IMAGE = 2**63 - 1

RUN_ID = string("run_id", "{{ run_id }}")
MODEL = string("model", config.model)
CONTENT_TYPES = strings("content_types", config.content_types)
PROGRESS = query_job("embed_images/count_progress.sql", RUN_ID, MODEL, CONTENT_TYPES)
CHECKS = [f"pass_{number}.check_status" for number in range(1, config.max_passes + 1)]


def plan_batches(number: int) -> PlanBatchesOperator:
    """The task that plans a pass."""
    order = string("work_order", f"{{{{ work_order(ti, {number}) }}}}")
    write = query_job(
        "embed_images/write_work_order.sql", order, RUN_ID, MODEL, CONTENT_TYPES, int64("pass_number", number),
        int64("batch_size", "{{ params.batch_size }}"), string("uri_prefix", "{{ params.uri_prefix }}"),
        int64("max_images", f"{{{{ params.max_images or {EVERY_IMAGE} }}}}"),
    )  # fmt: skip
    read = query_job("embed_images/select_batches.sql", order)
    return PlanBatchesOperator(task_id="plan_batches", write=write, read=read, lanes=config.max_parallel_batches)


with DAG(
    dag_id="embed_images",
    doc_md=__doc__,
    # At night, when nobody waits for the model's quota. The interval is a day, so that a back-fill over dates has one.
    schedule=CronDataIntervalTimetable(config.schedule, timezone="UTC"),
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    tags=defaults.TAGS,
    default_args=defaults.default_args(config),
    template_searchpath=config.sql_dir,
    user_defined_macros=defaults.macros(config),
    params={
        "batch_size": Param(
            limits.MAX_ROWS_PER_EMBEDDING_JOB, type="integer", minimum=1, maximum=limits.MAX_ROWS_PER_EMBEDDING_JOB,
            description_md="Images embedded by one BigQuery job. 25,000 is the most that one job may embed.",
        ),
        "max_images": Param(None, type=["null", "integer"], minimum=1, description_md="Stop after so many, newest first."),
        "uri_prefix": Param("", type="string", description_md="Only images whose uri begins with this."),
    },
) as dag:  # fmt: skip
    choose_index = ChooseIndexOperator(
        task_id="choose_index",
        configuration=query_job("embed_images/count_embeddings.sql"),
        create="create_vector_index",
        skip="report_run",
        trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
    )
    check_before = None
    for number, check_id in enumerate(CHECKS, start=1):
        with TaskGroup(f"pass_{number}"):
            plan = plan_batches(number)
            embed = EmbedBatchOperator.partial(
                task_id="embed_batch",
                configuration=query_job(
                    "embed_images/insert_embedding_attempts.sql", RUN_ID, MODEL, int64("dimension", config.dimension)
                ),
                map_index_template="batch {{ task.batch['batch_number'] }}: {{ task.batch['images'] }} images",
                max_active_tis_per_dagrun=config.max_parallel_batches,
            ).expand(batch=plan.output)
            # A failed batch must not keep the others from being published: the next pass plans it again.
            publish_new = QueryJobOperator(
                task_id="publish_new_embeddings",
                configuration=query_job("embed_images/publish_new_embeddings.sql", MODEL, CONTENT_TYPES),
                trigger_rule=TriggerRule.ALL_DONE,
                planned_by=plan.task_id,
            )
            publish_changed = QueryJobOperator(
                task_id="publish_changed_embeddings",
                configuration=query_job("embed_images/publish_changed_embeddings.sql", MODEL, CONTENT_TYPES),
            )
            quarantine = QueryJobOperator(
                task_id="quarantine_images",
                configuration=query_job(
                    "embed_images/quarantine_images.sql", RUN_ID, MODEL,
                    string("retryable_prefix", limits.RETRYABLE_STATUS_PREFIX),
                ),
            )  # fmt: skip
            check = CheckStatusOperator(
                task_id="check_status",
                configuration=PROGRESS,
                earlier_checks=CHECKS[: number - 1],
                max_passes=config.max_passes,
                next_pass=f"pass_{number + 1}.wait" if number < config.max_passes else None,
                done="choose_index",
            )
            chain(plan, embed, publish_new, publish_changed, quarantine, check)
            if check_before is not None:
                wait = PauseSensor(
                    task_id="wait",
                    time_to_wait=timedelta(seconds=wait_seconds(number, config.retry_wait_seconds)),
                    deferrable=True,
                )
                chain(check_before, wait, plan)
            chain(check, choose_index)
            check_before = check
    create_vector_index = QueryJobOperator(
        task_id="create_vector_index", configuration=query_job("embed_images/create_vector_index.sql")
    )
    wait_for_vector_index = VectorIndexSensor(
        task_id="wait_for_vector_index",
        configuration=query_job("embed_images/select_vector_index.sql"),
        table_id=config.table_id("met_image_embeddings"),
        coverage=config.index_coverage,
        poke_interval=config.poll_seconds,
        timeout=config.index_timeout_seconds,
    )
    report_run = ReportRunOperator(
        task_id="report_run",
        count=PROGRESS,
        write=query_job(
            "embed_images/write_run_report.sql", RUN_ID, timestamp("started_at", "{{ dag_run.start_date | ts }}")
        ),
        checks=CHECKS,
        index_tasks=(choose_index.task_id, wait_for_vector_index.task_id),
        trigger_rule=TriggerRule.ALL_DONE,
        outlets=[EMBEDDINGS],
    )
    chain(choose_index, create_vector_index, wait_for_vector_index, report_run)
    chain(choose_index, report_run)
