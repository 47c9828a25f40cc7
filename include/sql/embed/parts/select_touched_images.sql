-- Published images that were written again with the same content. Grain: one image. Included by refresh_touched_images.
SELECT image.uri, image.generation, image.content_type, image.size, image.updated
FROM (
  {% include 'embed/parts/select_current_images.sql' %}
) AS image
INNER JOIN {{ table('image_embeddings') }} AS published
  ON published.uri = image.uri AND published.content_hash = image.content_hash
WHERE published.generation IS DISTINCT FROM image.generation
  OR published.content_type IS DISTINCT FROM image.content_type
  OR published.updated IS DISTINCT FROM image.updated
