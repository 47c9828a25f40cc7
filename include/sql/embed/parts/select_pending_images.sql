-- Images that still need the model. Grain: one image. Included by write_work_order.
-- Pending by content, never by a watermark: neither published, nor quarantined, nor answered for good by an attempt
-- that waits to be published or quarantined.
SELECT image.*
FROM (
  {% include 'embed/parts/select_current_images.sql' %}
) AS image
WHERE NOT EXISTS (
    SELECT 1 FROM {{ table('image_embeddings') }} AS published
    WHERE published.uri = image.uri AND published.content_hash = image.content_hash)
  AND NOT EXISTS (
    SELECT 1 FROM {{ table('embedding_quarantine') }} AS quarantined
    WHERE quarantined.uri = image.uri AND quarantined.content_hash = image.content_hash AND quarantined.model = @model
      AND quarantined.replayed_at IS NULL)
  AND NOT EXISTS (
    SELECT 1 FROM {{ table('embedding_attempts') }} AS attempt
    WHERE attempt.uri = image.uri AND attempt.content_hash = image.content_hash
      AND attempt.model = @model AND attempt.ml_generate_embedding_status = '')
  AND NOT EXISTS (
    SELECT 1
    FROM (
      {% include 'embed/parts/select_terminal_attempts.sql' %}
    ) AS attempt
    WHERE attempt.uri = image.uri AND attempt.content_hash = image.content_hash)
