-- Take images that are no longer in the bucket out of the searchable table. Grain: one image.
-- A DELETE bills the whole published table, so it runs only when there is something to remove.
DELETE FROM {{ table('met_image_embeddings') }} AS published
WHERE NOT EXISTS (
  SELECT 1
  FROM (
    {% include 'embed_images/select_current_images.sql' %}
  ) AS image
  WHERE image.uri = published.uri
)
