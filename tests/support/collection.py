"""A searchable collection without a run of a DAG: the tables that setup makes, filled in one statement."""

from vitrine.collection import Collection
from vitrine.google.templates import render_statement

SETUP = (
    "create_dataset",
    "create_connection",
    "grant_roles",
    "create_images",
    "create_multimodal_embedding_model",
)
TABLES = (
    "embedding_batches",
    "embedding_attempts",
    "image_embeddings",
    "embedding_quarantine",
    "embedding_runs",
    "embedding_confirmations",
    "embedding_lease",
    "index_health",
    "search_embedding",
    "vector_search_results",
    "saved_search_results",
    "near_duplicates",
    "image_map",
)
PUBLISH = """
INSERT INTO {table}
  (uri, content_hash, generation, content_type, size, updated, model, ml_generate_embedding_result,
   ml_generate_embedding_status, run_id, embedded_at)
SELECT uri, md5_hash, generation, content_type, size, updated, '{model}', ml_generate_embedding_result, '', 'test',
  CURRENT_TIMESTAMP()
FROM ML.GENERATE_EMBEDDING(MODEL {embedder}, TABLE {images},
  STRUCT(TRUE AS flatten_json_output, {dimension} AS output_dimensionality))
WHERE ml_generate_embedding_status = ''"""


def create(emulator, collection: Collection) -> None:
    """Make what setup_image_search makes, for tests of something else: the DAG takes seconds."""
    tables = [f"schema/create_{name}" for name in TABLES]
    for statement in [*(f"setup/{name}" for name in SETUP), *tables, "setup/refresh_listing"]:
        emulator.bigquery.query_and_wait(render_statement(collection, f"{statement}.sql"))


def publish(emulator, settings: Collection) -> None:
    """Embed whatever is in the bucket and publish it, as embed_images would; made anew each time."""
    create(emulator, settings)
    table = settings.table("image_embeddings")
    emulator.bigquery.query_and_wait(f"TRUNCATE TABLE {table}")
    sql = PUBLISH.format(
        table=table,
        model=settings.model.id,
        embedder=settings.table("multimodal_embedding_model"),
        images=settings.table("images"),
        dimension=settings.model.dimension,
    )
    emulator.bigquery.query_and_wait(sql)
