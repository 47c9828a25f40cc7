"""
### Set up image search

Creates everything that `embed_images` and `search_images` need: dataset, connection, grants, object table,
remote model, tables. Run it once, and again after you change a setting. Every task can be repeated safely;
it costs a call to the model for words, and one for an image, whose vector is kept, if an image needs one.

**preflight** looks for every permission, service, location and bucket first, and names all that is missing,
who lacks it and what to paste. The grants take a minute or two; `create_multimodal_embedding_model` waits for
them. At the end **check_statements** lets BigQuery look at every statement of all DAGs, then one image and a
few words are embedded: what is refused shows up here, and not at 2 a.m. `make check-cloud` does the same from
a terminal.

Settings: include/collections.yaml, see docs/settings.md and docs/dags/setup_image_search.md.
"""

from datetime import timedelta

from airflow.sdk import DAG, TaskGroup, chain

from vitrine import limits
from vitrine.collection import Collection
from vitrine.dag_defaults import collections_of, dag_arguments, default_args, refuse_unknown_params
from vitrine.embed.ask_one_image import AskOneImageOperator
from vitrine.google.jobs import content_types, model, query_job
from vitrine.google.statement import BigQueryStatementOperator
from vitrine.setup.ask_words import AskWordsOperator
from vitrine.setup.check_cloud import CheckCloudOperator, CheckStatementsOperator
from vitrine.setup.tables import TABLES

# CREATE TABLE IF NOT EXISTS leaves older tables alone. (table, change), in the order they run.
CHANGES = (
    ("embedding_batches", "alter_embedding_batches"),
    ("embedding_batches", "alter_embedding_batches_batch_number"),
    ("embedding_attempts", "alter_embedding_attempts"),
    ("embedding_quarantine", "alter_embedding_quarantine"),
    ("embedding_runs", "alter_embedding_runs"),
)
GRANT_CHECK_SECONDS = 30


def setup_image_search(collection: Collection) -> DAG:
    """Build the DAG of one collection and one of its models."""
    with DAG(
        dag_id=collection.dag_id("setup_image_search"),
        description="Create dataset, connection, object table, remote model and tables; check that they work",
        doc_md=__doc__,
        schedule=None,
        max_active_runs=1,
        default_args=default_args(collection),
        **dag_arguments(collection),
    ) as dag:

        def statement(sql: str, **arguments: object) -> BigQueryStatementOperator:
            """A task named after its statement."""
            return BigQueryStatementOperator(
                task_id=sql.rpartition("/")[2],
                collection=collection,
                configuration=query_job(f"{sql}.sql"),
                **arguments,
            )

        with TaskGroup("preflight"):
            check_cloud = CheckCloudOperator(
                task_id="check_cloud", collection=collection, pre_execute=refuse_unknown_params
            )
        create_dataset = statement("setup/create_dataset")
        create_connection = statement("setup/create_connection")
        grant_roles = [statement("setup/grant_roles")] if collection.manage_iam else []
        create_images = statement("setup/create_images")
        create_model = statement(
            "setup/create_multimodal_embedding_model",
            retries=limits.GRANT_PROPAGATION_SECONDS // GRANT_CHECK_SECONDS,
            retry_delay=timedelta(seconds=min(GRANT_CHECK_SECONDS, collection.retry_wait_seconds)),
            retry_exponential_backoff=1.0,
        )
        with TaskGroup("create_tables") as create_tables:
            last = {table: statement(f"schema/create_{table}") for table in TABLES}
            for table, change in CHANGES:
                changed = statement(f"schema/{change}")
                chain(last[table], changed)
                last[table] = changed
            chain(last["image_embeddings"], last["embedding_confirmations"])
        assert_one_model = BigQueryStatementOperator(
            task_id="assert_one_model",
            collection=collection,
            configuration=query_job("schema/assert_one_model.sql", model(collection)),
        )
        assert_images_listed = BigQueryStatementOperator(
            task_id="assert_images_listed",
            collection=collection,
            configuration=query_job("setup/assert_images_listed.sql", content_types(collection)),
        )
        refresh_listing = statement("setup/refresh_listing")
        check_statements = CheckStatementsOperator(task_id="check_statements", collection=collection)
        ask_one_image = AskOneImageOperator(task_id="ask_one_image", collection=collection)
        ask_words = AskWordsOperator(task_id="ask_words", collection=collection)

        chain(check_cloud, create_dataset, create_tables, assert_one_model, create_model)
        chain(create_dataset, create_connection, *grant_roles, create_images, create_model)
        chain(create_model, refresh_listing, assert_images_listed, check_statements, ask_one_image, ask_words)
    return dag


for collection in collections_of("setup_image_search"):
    setup_image_search(collection)
