-- Replace the vector of images whose content has changed. Grain: one image.
-- An UPDATE bills the whole published table, so it runs only if an image has changed.
IF EXISTS (
  SELECT 1
  FROM `demo-project.bqml_tutorial.embedding_attempts` AS attempt
  INNER JOIN `demo-project.bqml_tutorial.met_image_embeddings` AS published ON published.uri = attempt.uri
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
  WHERE published.uri = attempt.uri AND published.content_hash != attempt.content_hash;
END IF
