-- How many searchable images are no longer in the bucket, whatever their content type. Grain: one row.
SELECT
  COUNT(*) AS published,
  COUNTIF(image.uri IS NULL) AS vanished
FROM {{ table('met_image_embeddings') }} AS published
LEFT JOIN {{ table('met_images') }} AS image
  ON image.uri = published.uri
