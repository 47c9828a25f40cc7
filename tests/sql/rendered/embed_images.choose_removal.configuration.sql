-- How many searchable images are no longer in the bucket. Grain: one row.
SELECT
  COUNT(*) AS published,
  COUNTIF(image.uri IS NULL) AS vanished
FROM `demo-project.bqml_tutorial.met_image_embeddings` AS published
LEFT JOIN (
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
  ON image.uri = published.uri
