-- How many searchable images are no longer in the bucket. Grain: one row.
SELECT
  COUNT(*) AS published,
  COUNTIF(image.uri IS NULL) AS vanished
FROM {{ table('met_image_embeddings') }} AS published
LEFT JOIN (
  {% include 'embed_images/select_current_images.sql' %}
) AS image
  ON image.uri = published.uri
