-- How many searchable images are gone: from the bucket, or overwritten with a content in quarantine. Grain: one row.
SELECT
  COUNT(*) AS published,
  COUNTIF(image.uri IS NULL) AS vanished
FROM {{ table('image_embeddings') }} AS published
LEFT JOIN (
  {% include 'embed/parts/select_kept_images.sql' %}
) AS image
  ON image.uri = published.uri
