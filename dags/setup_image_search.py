"""
### Set up image search

Makes everything that `embed_images` and `search_images` need: dataset, connection, grants, object table, remote model,
tables. Run it once, and again whenever a setting has changed: every task can be repeated at no harm and no cost but one
text call of the model.

It ends with a preflight that lists an image and embeds a word, so that a missing permission shows here and not at 2 a.m.
The connection's grant takes a minute or two to become effective; `create_multimodal_embedding_model` waits for it.

Settings: `VITRINE_*`, see docs/dags/setup_image_search.md.
"""

from datetime import timedelta

from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator  # noqa: F401 (pre-imported when parsed)
from airflow.sdk import DAG, TaskGroup, chain
from vitrine import defaults, limits, settings
from vitrine.jobs import query_job, strings
from vitrine.operators.query_job import QueryJobOperator

config = settings.load()
TABLES = (
    "embedding_batches",
    "embedding_attempts",
    "met_image_embeddings",
    "embedding_quarantine",
    "embedding_runs",
    "search_embedding",
    "vector_search_results",
)
GRANT_CHECK_SECONDS = 30


def statement(task_id: str, *parameters, folder: str = "setup_image_search", **kwargs) -> QueryJobOperator:
    """The task that runs the .sql file of its own name."""
    return QueryJobOperator(task_id=task_id, configuration=query_job(f"{folder}/{task_id}.sql", *parameters), **kwargs)


with DAG(
    dag_id="setup_image_search",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    tags=defaults.TAGS,
    default_args=defaults.default_args(config),
    template_searchpath=config.sql_dir,
    user_defined_macros=defaults.macros(config),
) as dag:
    create_dataset = statement("create_dataset")
    create_connection = statement("create_connection")
    grants = [statement("grant_roles")] if config.manage_iam else []
    create_met_images = statement("create_met_images")
    create_model = statement(
        "create_multimodal_embedding_model",
        retries=limits.GRANT_PROPAGATION_SECONDS // GRANT_CHECK_SECONDS,
        retry_delay=timedelta(seconds=min(GRANT_CHECK_SECONDS, config.retry_wait_seconds)),
        retry_exponential_backoff=1.0,
    )
    with TaskGroup("create_tables") as create_tables:
        for table in TABLES:
            statement(f"create_{table}", folder="schema")
    assert_images_listed = statement("assert_images_listed", strings("content_types", config.content_types))
    assert_model_answers = statement("assert_model_answers")

    chain(create_dataset, create_connection, *grants, create_met_images, create_model)
    chain(create_dataset, create_tables)
    chain([create_model, create_tables], assert_images_listed, assert_model_answers)
