"""
### Search images

Type what you look for; get a page of the pictures that fit, nearest first. The links **Gallery** and **Image
search** (the same search, to go on from there) are on the task `write_gallery`, the best results are in its
log, and all results are in the table `vector_search_results` under the run's id.

One search costs one text call of the model and the bytes of the searched vectors (fewer with a vector index).
"""

from airflow.sdk import DAG, chain

from vitrine import limits
from vitrine.collection import Collection
from vitrine.dag_defaults import collections_of, dag_arguments, default_args
from vitrine.google.jobs import int64, model, query_job, string
from vitrine.google.statement import BigQueryStatementOperator
from vitrine.search import params
from vitrine.search.write_gallery import WriteGalleryOperator

SEARCH_ID = string("search_id", "{{ run_id }}")
QUERY = string("query", "{{ params.query }}")
URI_PREFIX = string("uri_prefix", "{{ params.uri_prefix or '' }}")


def search_images(collection: Collection) -> DAG:
    """The DAG of one collection and model."""
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
                "n": f"{{{{ [params.top_k, {params.MOST_ON_PAGE}] | min }}}}",
                "exact": "{{ '1' if params.use_brute_force else '' }}",
            },
        )
        chain(embed_query, search, write_gallery)
    return dag


for collection in collections_of("search_images"):
    search_images(collection)
