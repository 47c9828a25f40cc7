-- Take over the metadata of images that were written again with the same content: their vectors stay. Grain: one image.
-- An UPDATE bills the whole published table, so it runs only when there is a touched image.
IF EXISTS (
  -- Published images that were written again with the same content. Grain: one image. Included by refresh_touched_images.
SELECT image.uri, image.generation, image.content_type, image.size, image.updated
FROM (
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
INNER JOIN `demo-project.bqml_tutorial.met_image_embeddings` AS published
  ON published.uri = image.uri AND published.content_hash = image.content_hash
WHERE published.generation IS DISTINCT FROM image.generation
  OR published.content_type IS DISTINCT FROM image.content_type
  OR published.updated IS DISTINCT FROM image.updated
) THEN
  UPDATE `demo-project.bqml_tutorial.met_image_embeddings` AS published
  SET generation = touched.generation, content_type = touched.content_type, size = touched.size, updated = touched.updated
  FROM (
    -- Published images that were written again with the same content. Grain: one image. Included by refresh_touched_images.
SELECT image.uri, image.generation, image.content_type, image.size, image.updated
FROM (
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
INNER JOIN `demo-project.bqml_tutorial.met_image_embeddings` AS published
  ON published.uri = image.uri AND published.content_hash = image.content_hash
WHERE published.generation IS DISTINCT FROM image.generation
  OR published.content_type IS DISTINCT FROM image.content_type
  OR published.updated IS DISTINCT FROM image.updated
  ) AS touched
  WHERE published.uri = touched.uri;
END IF
