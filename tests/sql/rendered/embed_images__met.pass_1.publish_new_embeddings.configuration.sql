-- Publish images that were not searchable before. Grain: one image.
-- Insert-only, so it bills no published row and conflicts with nothing. It also publishes what a crashed run left behind.
MERGE `demo-project.bqml_tutorial.met_image_embeddings` AS published
USING (
  -- A good vector for each image that is in the bucket with the same content. Grain: one image. Included by publish_….
SELECT attempt.*
FROM `demo-project.bqml_tutorial.embedding_attempts` AS attempt
INNER JOIN (
  -- The images that are in the bucket. Grain: one image. Included by other statements.
-- A composite object has no md5_hash; its generation identifies its content instead.
SELECT
  uri,
  COALESCE(md5_hash, CAST(generation AS STRING)) AS content_hash,
  generation,
  content_type,
  size,
  updated
FROM `demo-project.bqml_tutorial.met_images`
WHERE
  -- Whether an object is an image of ours: by its media type, whatever the case of its letters and its parameters.
LOWER(TRIM(SPLIT(content_type, ';')[SAFE_OFFSET(0)])) IN UNNEST(@content_types)
) AS image
  ON image.uri = attempt.uri AND image.content_hash = attempt.content_hash
WHERE attempt.model = @model AND attempt.ml_generate_embedding_status = ''
QUALIFY ROW_NUMBER() OVER (PARTITION BY attempt.uri ORDER BY attempt.attempted_at) = 1
) AS attempt
ON published.uri = attempt.uri
WHEN NOT MATCHED THEN
  INSERT (uri, content_hash, generation, content_type, size, updated, model,
    ml_generate_embedding_result, ml_generate_embedding_status, run_id, embedded_at)
  VALUES (attempt.uri, attempt.content_hash, attempt.generation, attempt.content_type, attempt.size, attempt.updated, attempt.model,
    attempt.ml_generate_embedding_result, '', attempt.run_id, attempt.attempted_at)
