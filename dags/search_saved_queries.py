"""
### Search saved queries

Search what `include/saved_queries.txt` (or the file of `VITRINE_SAVED_QUERIES`) lists, one query a
line, after each night's run, and write one gallery with what is new and what is gone since the time before.
The link **Gallery** is on the task `write_gallery`.

It runs when `embed_images` has updated the embeddings, and only when there are queries. All queries are
embedded and searched for in one statement; results stay in `saved_search_results` for 90 days.
"""

from airflow.sdk import DAG, chain

from vitrine import defaults, notifications, params, saved_queries, settings
from vitrine.jobs import query_job, string, strings
from vitrine.operators.query_job import QueryJobOperator
from vitrine.operators.write_gallery import WriteGalleryOperator

config = settings.load()
QUERIES = saved_queries.read(config.saved_queries)
RUN_ID = string("run_id", "{{ run_id }}")

with DAG(
    dag_id="search_saved_queries",
    doc_md=__doc__,
    schedule=[defaults.embeddings(config)] if QUERIES else None,
    max_active_runs=1,
    # Nobody waits for it, so whatever fails is told.
    **defaults.dag_arguments(config, on_failure_callback=notifications.on_failure(config)),
    params=params.SEARCH_SAVED_QUERIES,
) as dag:
    assert_one_model = QueryJobOperator.of("schema/assert_one_model.sql", string("model", config.model))
    search = QueryJobOperator.of(
        "search_saved_queries/search_saved_queries.sql", RUN_ID, strings("queries", QUERIES)
    )
    write_gallery = WriteGalleryOperator(
        task_id="write_gallery",
        configuration=query_job("search_saved_queries/select_changes.sql", RUN_ID),
        queries=QUERIES,
        search={},
        gallery=config.gallery,
        model=config.model,
    )
    chain(assert_one_model, search, write_gallery)
