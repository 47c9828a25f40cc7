"""
### Search images

Type what you look for; get a page of the pictures that fit, nearest first. The links **Gallery** and **Image
search** (the same search, to go on from there) are on the task `write_gallery`, the best results are in its
log, and all results are in the table `vector_search_results` under the run's id.

One search costs one text call of the model and the bytes of the searched vectors (fewer with a vector index).
"""

from airflow.sdk import DAG, chain

from vitrine import defaults, limits, params, settings
from vitrine.jobs import int64, query_job, string
from vitrine.operators.query_job import QueryJobOperator
from vitrine.operators.write_gallery import WriteGalleryOperator

config = settings.load()
SEARCH_ID = string("search_id", "{{ run_id }}")
QUERY = string("query", "{{ params.query }}")
MODEL = string("model", config.model)

with DAG(
    dag_id="search_images",
    doc_md=__doc__,
    schedule=None,
    max_active_runs=16,
    **defaults.dag_arguments(config),
    params=params.SEARCH_IMAGES,
) as dag:
    embed_query = QueryJobOperator.of(
        "search_images/embed_query.sql",
        SEARCH_ID,
        MODEL,
        QUERY,
        int64("max_query_bytes", limits.MAX_QUERY_BYTES),
    )
    search_images = QueryJobOperator.of(
        "search_images/search_images.sql", SEARCH_ID, MODEL, QUERY,
        string("uri_prefix", "{{ params.uri_prefix or '' }}"),
    )  # fmt: skip
    write_gallery = WriteGalleryOperator(
        task_id="write_gallery",
        configuration=query_job("search_images/select_results.sql", SEARCH_ID, QUERY),
        queries=["{{ params.query }}"],
        search={
            "q": "{{ params.query }}",
            "prefix": "{{ params.uri_prefix or '' }}",
            "n": f"{{{{ [params.top_k, {params.MOST_ON_PAGE}] | min }}}}",
            "exact": "{{ '1' if params.use_brute_force else '' }}",
        },
        gallery=config.gallery,
        model=config.model,
    )
    chain(embed_query, search_images, write_gallery)
