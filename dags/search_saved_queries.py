"""
### Search saved queries

Runs the collection's saved queries (`saved_queries` in include/collections.yaml) after each night, and writes
one gallery that marks what is new and what is gone since the previous run. The task `write_gallery` has a
link to it, **Gallery**.

It runs when `embed_images` has updated the embeddings, if there are saved queries. One statement embeds and
searches all of them; results stay in `saved_search_results` for 90 days.
"""

from airflow.sdk import DAG, chain

from vitrine import assets, notifications
from vitrine.collection import Collection
from vitrine.dag_defaults import (
    collections_of,
    dag_arguments,
    default_args,
    refuse_unknown_params,
)
from vitrine.google.jobs import RUN_ID, model, query_job, strings
from vitrine.google.statement import BigQueryStatementOperator
from vitrine.search import params
from vitrine.search.write_gallery import WriteGalleryOperator


def search_saved_queries(collection: Collection) -> DAG:
    """Build the DAG of one collection and one of its models."""
    with DAG(
        dag_id=collection.dag_id("search_saved_queries"),
        description="Repeat the saved searches after each night; show what is new and what is gone",
        doc_md=__doc__,
        schedule=[assets.embeddings(collection)] if collection.saved_queries else None,
        max_active_runs=1,
        params=params.SEARCH_SAVED_QUERIES,
        # Nobody is watching this run, so every failed task notifies.
        default_args=default_args(collection) | {"on_failure_callback": notifications.on_failure(collection)},
        **dag_arguments(collection),
    ) as dag:
        assert_one_model = BigQueryStatementOperator(
            task_id="assert_one_model",
            pre_execute=refuse_unknown_params,
            collection=collection,
            configuration=query_job("schema/assert_one_model.sql", model(collection)),
        )
        search = BigQueryStatementOperator(
            task_id="search_saved_queries",
            collection=collection,
            configuration=query_job(
                "search/search_saved_queries.sql", RUN_ID, strings("queries", collection.saved_queries)
            ),
        )
        write_gallery = WriteGalleryOperator(
            task_id="write_gallery",
            collection=collection,
            configuration=query_job("search/select_changes.sql", RUN_ID),
            queries=list(collection.saved_queries),
            search={},
        )
        chain(assert_one_model, search, write_gallery)
    return dag


for collection in collections_of("search_saved_queries"):
    search_saved_queries(collection)
