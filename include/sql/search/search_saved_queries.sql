-- The images nearest to each saved query. Grain: one image of one query of the run.
-- Queries that already have results in this run are neither embedded nor searched again.
-- Fails with the reason if words cannot be embedded, so that a run never looks complete without one of its queries.
INSERT INTO {{ table('saved_search_results') }} (run_id, query, rank, gcs_uri, distance, searched_at)
SELECT
  @run_id,
  query.content,
  ROW_NUMBER() OVER (PARTITION BY query.content ORDER BY distance, base.uri),
  base.uri,
  distance,
  CURRENT_TIMESTAMP()
FROM VECTOR_SEARCH(
  (
    SELECT uri, ml_generate_embedding_result FROM {{ table('image_embeddings') }}
  ),
  'ml_generate_embedding_result',
  (
    SELECT
      content,
      IF(COALESCE({{ collection.model.columns.status }}, '') = '', {{ collection.model.columns.result }},
        ERROR(CONCAT('A saved query was not embedded: ', content, ': ', {{ collection.model.columns.status }})))
        AS ml_generate_embedding_result
    FROM {{ collection.model.function }}(
      MODEL {{ table('multimodal_embedding_model') }},
      (
        SELECT content FROM UNNEST(@queries) AS content
        WHERE content NOT IN (SELECT query FROM {{ table('saved_search_results') }} WHERE run_id = @run_id)
      ),
      {{ collection.model.columns.options(collection.model.dimension) }})
  ),
  query_column_to_search => 'ml_generate_embedding_result',
  top_k => {{ params.top_k | int }},
  distance_type => 'COSINE',
  options => '{{ vector_search_options(collection.fraction_lists_to_search) }}')
