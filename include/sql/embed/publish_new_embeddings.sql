-- Publish images that were not searchable before. Grain: one image.
-- Insert-only, so it bills no published row and conflicts with nothing. It also publishes what a run that died left behind.
MERGE {{ table('image_embeddings') }} AS published
USING (
  {% include 'embed/parts/select_publishable.sql' %}
) AS attempt
ON published.uri = attempt.uri
WHEN NOT MATCHED THEN
  INSERT (uri, content_hash, generation, content_type, size, updated, model,
    ml_generate_embedding_result, ml_generate_embedding_status, run_id, embedded_at)
  VALUES (attempt.uri, attempt.content_hash, attempt.generation, attempt.content_type, attempt.size, attempt.updated, attempt.model,
    attempt.ml_generate_embedding_result, '', attempt.run_id, attempt.attempted_at)
