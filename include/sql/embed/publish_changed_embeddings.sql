-- Replace the vector of images whose content has changed. Grain: one image.
-- An UPDATE bills the whole published table, so it runs only when there is a changed image.
IF EXISTS (
  SELECT 1
  FROM {{ table('embedding_attempts') }} AS attempt
  INNER JOIN {{ table('image_embeddings') }} AS published ON published.uri = attempt.uri
  INNER JOIN (
    {% include 'embed/parts/select_current_images.sql' %}
  ) AS image
    ON image.uri = attempt.uri AND image.content_hash = attempt.content_hash
  WHERE attempt.model = @model
    AND attempt.ml_generate_embedding_status = ''
    AND published.content_hash != attempt.content_hash
) THEN
  UPDATE {{ table('image_embeddings') }} AS published
  SET
    content_hash = attempt.content_hash,
    generation = attempt.generation,
    content_type = attempt.content_type,
    size = attempt.size,
    updated = attempt.updated,
    model = attempt.model,
    ml_generate_embedding_result = attempt.ml_generate_embedding_result,
    run_id = attempt.run_id,
    embedded_at = attempt.attempted_at
  FROM (
    {% include 'embed/parts/select_publishable.sql' %}
  ) AS attempt
  WHERE published.uri = attempt.uri AND published.content_hash != attempt.content_hash;
END IF
