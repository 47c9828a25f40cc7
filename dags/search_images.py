"""
### Search images

Describe what you are looking for and get a page of pictures, nearest first. The task `write_gallery` has two
links: **Gallery**, the page, and **Image search**, where you can refine the same search. Its log lists the
results, and the table `vector_search_results` keeps them under the run's id.

A search costs one text call to the model and the bytes of the vectors it scans (fewer with a vector index).
"""

from airflow.sdk import DAG, chain

from vitrine import limits
from vitrine.collection import Collection
from vitrine.dag_defaults import collections_of, dag_arguments, default_args, refuse_unknown_params
from vitrine.google.jobs import int64, model, query_job, string
from vitrine.google.statement import BigQueryStatementOperator
from vitrine.search import params
from vitrine.search.write_gallery import WriteGalleryOperator

SEARCH_ID = string("search_id", "{{ run_id }}")
QUERY = string("query", "{{ params.query }}")
URI_PREFIX = string("uri_prefix", "{{ params.uri_prefix or '' }}")


def search_images(collection: Collection) -> DAG:
    """Build the DAG of one collection and one of its models."""
    with DAG(
        dag_id=collection.dag_id("search_images"),
        description="Search for words, get a page of pictures",
        doc_md=__doc__,
        schedule=None,
        max_active_runs=16,
        params=params.SEARCH_IMAGES,
        default_args=default_args(collection),
        **dag_arguments(collection),
    ) as dag:
        embed_query = BigQueryStatementOperator(
            task_id="embed_query",
            pre_execute=refuse_unknown_params,
            collection=collection,
            configuration=query_job(
                "search/embed_query.sql",
                SEARCH_ID,
                model(collection),
                QUERY,
                int64("max_query_bytes", limits.MAX_QUERY_BYTES),
            ),
        )
        search = BigQueryStatementOperator(
            task_id="search_images",
            collection=collection,
            configuration=query_job(
                "search/search_images.sql", SEARCH_ID, model(collection), QUERY, URI_PREFIX
            ),
        )
        write_gallery = WriteGalleryOperator(
            task_id="write_gallery",
            collection=collection,
            configuration=query_job("search/select_results.sql", SEARCH_ID, QUERY),
            queries=["{{ params.query }}"],
            search={
                "q": "{{ params.query }}",
                "prefix": "{{ params.uri_prefix or '' }}",
                "n": f"{{{{ [params.top_k, {params.MOST_ON_PAGE}] | min | int }}}}",
                "exact": "{{ '1' if params.use_brute_force else '' }}",
            },
        )
        chain(embed_query, search, write_gallery)
    return dag


for collection in collections_of("search_images"):
    search_images(collection)
