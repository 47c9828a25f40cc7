-- The images nearest to each saved query. Grain: one image of one query of the run.
-- Queries that already have results in this run are neither embedded nor searched again.
-- Fails with the reason if words cannot be embedded, so that a run never looks complete without one of its queries.
INSERT INTO `demo-project.bqml_tutorial.saved_search_results` (run_id, query, rank, gcs_uri, distance, searched_at)
SELECT
  @run_id,
  query.content,
  ROW_NUMBER() OVER (PARTITION BY query.content ORDER BY distance, base.uri),
  base.uri,
  distance,
  CURRENT_TIMESTAMP()
FROM VECTOR_SEARCH(
  (
    SELECT uri, ml_generate_embedding_result FROM `demo-project.bqml_tutorial.met_image_embeddings`
  ),
  'ml_generate_embedding_result',
  (
    SELECT
      content,
      IF(COALESCE(ml_generate_embedding_status, '') = '', ml_generate_embedding_result,
        ERROR(CONCAT('A saved query was not embedded: ', content, ': ', ml_generate_embedding_status)))
        AS ml_generate_embedding_result
    FROM ML.GENERATE_EMBEDDING(
      MODEL `demo-project.bqml_tutorial.multimodal_embedding_model`,
      (
        SELECT content FROM UNNEST(@queries) AS content
        WHERE content NOT IN (SELECT query FROM `demo-project.bqml_tutorial.saved_search_results` WHERE run_id = @run_id)
      ),
      STRUCT(TRUE AS flatten_json_output, 1408 AS output_dimensionality))
  ),
  query_column_to_search => 'ml_generate_embedding_result',
  top_k => 12,
  distance_type => 'COSINE',
  options => '{}')
