"""
### Search saved queries

Searches for each of the collection's saved queries (`saved_queries` in include/collections.yaml) after each
night, and writes one gallery with what is new and what is gone since the time before. The link **Gallery**
is on the task `write_gallery`.

It runs when `embed_images` has updated the embeddings, and only when there are queries. All queries are
embedded and searched for in one statement; results stay in `saved_search_results` for 90 days.
"""

from airflow.sdk import DAG, chain

from vitrine import notifications
from vitrine.collection import Collection
from vitrine.dag_defaults import collections_of, dag_arguments, default_args, embeddings
from vitrine.google.jobs import RUN_ID, model, query_job, strings
from vitrine.google.statement import BigQueryStatementOperator
from vitrine.search import params
from vitrine.search.write_gallery import WriteGalleryOperator


def search_saved_queries(collection: Collection) -> DAG:
    """The DAG of one collection and model."""
    with DAG(
        dag_id=collection.dag_id("search_saved_queries"),
        description="Repeat the saved searches after each night; show what is new and what is gone",
        doc_md=__doc__,
        schedule=[embeddings(collection)] if collection.saved_queries else None,
        max_active_runs=1,
        params=params.SEARCH_SAVED_QUERIES,
        # Nobody waits for this run, so whatever fails is told.
        default_args=default_args(collection) | {"on_failure_callback": notifications.on_failure(collection)},
        **dag_arguments(collection),
    ) as dag:
        assert_one_model = BigQueryStatementOperator(
            task_id="assert_one_model",
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
