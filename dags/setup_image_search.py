"""
### Set up image search

Makes everything that `embed_images` and `search_images` need: dataset, connection, grants, object table,
remote model, tables. Run it once, and again whenever a setting has changed: every task can be repeated at no
harm and no cost but one text call of the model.

It ends with a preflight that lists an image and embeds a word, so that a missing permission shows here and
not at 2 a.m. The connection's grant takes a minute or two to become effective;
`create_multimodal_embedding_model` waits for it.

Settings: `VITRINE_*`, see docs/dags/setup_image_search.md.
"""

from datetime import timedelta

from airflow.sdk import DAG, TaskGroup, chain

from vitrine import defaults, limits, settings
from vitrine.jobs import string, strings
from vitrine.operators.query_job import QueryJobOperator

config = settings.load()
TABLES = (
    "embedding_batches",
    "embedding_attempts",
    "met_image_embeddings",
    "embedding_quarantine",
    "embedding_runs",
    "index_health",
    "search_embedding",
    "vector_search_results",
    "saved_search_results",
)
# CREATE TABLE IF NOT EXISTS leaves a table of an earlier version as it was.
CHANGES = ("alter_embedding_attempts", "alter_embedding_quarantine", "alter_embedding_runs")
GRANT_CHECK_SECONDS = 30


with DAG(
    dag_id="setup_image_search",
    doc_md=__doc__,
    schedule=None,
    max_active_runs=1,
    **defaults.dag_arguments(config),
) as dag:
    create_dataset = QueryJobOperator.of("setup_image_search/create_dataset.sql")
    create_connection = QueryJobOperator.of("setup_image_search/create_connection.sql")
    grants = [QueryJobOperator.of("setup_image_search/grant_roles.sql")] if config.manage_iam else []
    create_met_images = QueryJobOperator.of("setup_image_search/create_met_images.sql")
    create_model = QueryJobOperator.of(
        "setup_image_search/create_multimodal_embedding_model.sql",
        retries=limits.GRANT_PROPAGATION_SECONDS // GRANT_CHECK_SECONDS,
        retry_delay=timedelta(seconds=min(GRANT_CHECK_SECONDS, config.retry_wait_seconds)),
        retry_exponential_backoff=1.0,
    )
    with TaskGroup("create_tables") as create_tables:
        create = {table: QueryJobOperator.of(f"schema/create_{table}.sql") for table in TABLES}
        for change in CHANGES:
            create[change.removeprefix("alter_")] >> QueryJobOperator.of(f"schema/{change}.sql")
    assert_one_model = QueryJobOperator.of("schema/assert_one_model.sql", string("model", config.model))
    assert_images_listed = QueryJobOperator.of(
        "setup_image_search/assert_images_listed.sql", strings("content_types", config.content_types)
    )
    assert_model_answers = QueryJobOperator.of("setup_image_search/assert_model_answers.sql")

    chain(create_dataset, create_tables, assert_one_model, create_model)
    chain(create_dataset, create_connection, *grants, create_met_images, create_model)
    chain(create_model, assert_images_listed, assert_model_answers)
