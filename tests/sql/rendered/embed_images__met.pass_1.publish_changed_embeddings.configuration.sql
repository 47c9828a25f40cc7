-- Replace the vector of images whose content has changed. Grain: one image.
-- An UPDATE bills the whole published table, so it runs only when there is a changed image.
IF EXISTS (
  SELECT 1
  FROM `demo-project.bqml_tutorial.embedding_attempts` AS attempt
  INNER JOIN `demo-project.bqml_tutorial.met_image_embeddings` AS published ON published.uri = attempt.uri
  INNER JOIN (
    -- The images that are in the bucket now. Grain: one image. Included by other statements.
-- A composite object has no md5_hash; its generation stands for its content.
SELECT
  uri,
  COALESCE(md5_hash, CAST(generation AS STRING)) AS content_hash,
  generation,
  content_type,
  size,
  updated
FROM `demo-project.bqml_tutorial.met_images`
WHERE content_type IN UNNEST(@content_types)
  ) AS image
    ON image.uri = attempt.uri AND image.content_hash = attempt.content_hash
  WHERE attempt.model = @model
    AND attempt.ml_generate_embedding_status = ''
    AND published.content_hash != attempt.content_hash
) THEN
  UPDATE `demo-project.bqml_tutorial.met_image_embeddings` AS published
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
    -- The good vector of each image that is in the bucket with that very content. Grain: one image. Included by the publishers.
SELECT attempt.*
FROM `demo-project.bqml_tutorial.embedding_attempts` AS attempt
INNER JOIN (
  -- The images that are in the bucket now. Grain: one image. Included by other statements.
-- A composite object has no md5_hash; its generation stands for its content.
SELECT
  uri,
  COALESCE(md5_hash, CAST(generation AS STRING)) AS content_hash,
  generation,
  content_type,
  size,
  updated
FROM `demo-project.bqml_tutorial.met_images`
WHERE content_type IN UNNEST(@content_types)
) AS image
  ON image.uri = attempt.uri AND image.content_hash = attempt.content_hash
WHERE attempt.model = @model AND attempt.ml_generate_embedding_status = ''
QUALIFY ROW_NUMBER() OVER (PARTITION BY attempt.uri ORDER BY attempt.attempted_at) = 1
  ) AS attempt
  WHERE published.uri = attempt.uri AND published.content_hash != attempt.content_hash;
END IF
