-- Take images that are no longer in the bucket out of the searchable table. Grain: one image.
-- A DELETE bills the whole published table, so it runs only when there is something to remove.
DELETE FROM `demo-project.bqml_tutorial.met_image_embeddings` AS published
WHERE NOT EXISTS (
  SELECT 1
  FROM (
    -- The images that are in the bucket now. Grain: one image. Included by other statements.
-- A composite object has no md5_hash; its generation stands for its content.
SELECT
  uri,
  COALESCE(md5_hash, CAST(generation AS STRING)) AS content_hash,
  size,
  updated
FROM `demo-project.bqml_tutorial.met_images`
WHERE content_type IN UNNEST(@content_types)
  ) AS image
  WHERE image.uri = published.uri
)
