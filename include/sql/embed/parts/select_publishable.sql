-- The good vector of each image that is in the bucket with that very content. Grain: one image. Included by the publishers.
SELECT attempt.*
FROM {{ table('embedding_attempts') }} AS attempt
INNER JOIN (
  {% include 'embed/parts/select_current_images.sql' %}
) AS image
  ON image.uri = attempt.uri AND image.content_hash = attempt.content_hash
WHERE attempt.model = @model AND attempt.ml_generate_embedding_status = ''
QUALIFY ROW_NUMBER() OVER (PARTITION BY attempt.uri ORDER BY attempt.attempted_at) = 1
