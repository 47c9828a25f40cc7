"""
### Search images

Type what you look for; get a page of the pictures that fit, nearest first. The link **Gallery** is on the
task `write_gallery`, the best results are in its log, and all results are in the table
`vector_search_results` under the run's id.

One search costs one text call of the model and the bytes of the searched vectors (fewer with a vector index).
"""

from airflow.sdk import DAG, Param, chain

from vitrine import defaults, limits, settings
from vitrine.jobs import query_job, string
from vitrine.operators.query_job import QueryJobOperator
from vitrine.operators.write_gallery import WriteGalleryOperator

config = settings.load()
SEARCH_ID = string("search_id", "{{ run_id }}")

with DAG(
    dag_id="search_images",
    doc_md=__doc__,
    schedule=None,
    max_active_runs=16,
    **defaults.dag_arguments(config),
    params={
        "query": Param(
            "pictures of white or cream colored dress from victorian era", type="string",
            minLength=1, maxLength=limits.MAX_QUERY_BYTES,
            description_md="What you look for, in English. The model reads the first 32 tokens.",
        ),
        "top_k": Param(3, type="integer", minimum=1, maximum=1000, description_md="How many pictures."),
        "uri_prefix": Param("", type="string", description_md="Only pictures whose uri begins with this."),
        "use_brute_force": Param(
            False, type="boolean", description_md="Compare with every picture, even with an index."
        ),
        "fraction_lists_to_search": Param(
            None, type=["null", "number"], exclusiveMinimum=0, exclusiveMaximum=1,
            description_md="Share of the index to look through, if any: more is slower and finds more.",
        ),
    },
) as dag:  # fmt: skip
    embed_query = QueryJobOperator.of(
        "search_images/embed_query.sql",
        SEARCH_ID,
        string("model", config.model),
        string("query", "{{ params.query }}"),
    )
    search_images = QueryJobOperator.of(
        "search_images/search_images.sql", SEARCH_ID, string("uri_prefix", "{{ params.uri_prefix }}")
    )
    write_gallery = WriteGalleryOperator(
        task_id="write_gallery",
        configuration=query_job("search_images/select_results.sql", SEARCH_ID),
        query="{{ params.query }}",
        gallery=config.gallery,
        model=config.model,
    )
    chain(embed_query, search_images, write_gallery)
