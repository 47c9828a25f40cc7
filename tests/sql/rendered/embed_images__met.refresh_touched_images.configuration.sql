-- Update the metadata of images that were rewritten with the same content; they keep their vectors. Grain: one image.
-- An UPDATE bills the whole published table, so it runs only if there is such an image.
IF EXISTS (
  -- Published images that were rewritten with the same content. Grain: one image. Included by refresh_touched_images.
SELECT image.uri, image.generation, image.content_type, image.size, image.updated
FROM (
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
INNER JOIN `demo-project.bqml_tutorial.met_image_embeddings` AS published
  ON published.uri = image.uri AND published.content_hash = image.content_hash
WHERE published.generation IS DISTINCT FROM image.generation
  OR published.content_type IS DISTINCT FROM image.content_type
  OR published.updated IS DISTINCT FROM image.updated
) THEN
  UPDATE `demo-project.bqml_tutorial.met_image_embeddings` AS published
  SET generation = touched.generation, content_type = touched.content_type, size = touched.size, updated = touched.updated
  FROM (
    -- Published images that were rewritten with the same content. Grain: one image. Included by refresh_touched_images.
SELECT image.uri, image.generation, image.content_type, image.size, image.updated
FROM (
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
INNER JOIN `demo-project.bqml_tutorial.met_image_embeddings` AS published
  ON published.uri = image.uri AND published.content_hash = image.content_hash
WHERE published.generation IS DISTINCT FROM image.generation
  OR published.content_type IS DISTINCT FROM image.content_type
  OR published.updated IS DISTINCT FROM image.updated
  ) AS touched
  WHERE published.uri = touched.uri;
END IF
