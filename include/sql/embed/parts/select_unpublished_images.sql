-- Images in the bucket whose content is neither searchable nor in quarantine. Grain: one image. Included by other statements.
-- Decided by content, never by a watermark. The vector of another generation of the same content counts only if it was
-- confirmed, see list_bucket. replaces: another vector is searchable under this uri.
SELECT image.*, published.uri IS NOT NULL AS replaces
FROM (
  {% include 'embed/parts/select_current_images.sql' %}
) AS image
LEFT JOIN {{ table('image_embeddings') }} AS published ON published.uri = image.uri
LEFT JOIN {{ table('embedding_confirmations') }} AS confirmed
  ON confirmed.content_hash = published.content_hash AND confirmed.embedded_at = published.embedded_at
LEFT JOIN {{ table('embedding_quarantine') }} AS quarantined
  ON quarantined.uri = image.uri AND quarantined.content_hash = image.content_hash AND quarantined.model = @model
    AND quarantined.replayed_at IS NULL
WHERE quarantined.uri IS NULL
  AND (
    published.uri IS NULL
    OR published.content_hash != image.content_hash
    OR (published.generation IS DISTINCT FROM image.generation AND confirmed.content_hash IS NULL))
