-- Ask the model about one image, with the statement that embeds batches. Grain: one image (one row, or none without images).
-- With @was_embedded: one that is searchable, to tell broken images from a broken model. Else one whose content was never embedded,
-- so that the call is not in vain, and preferably one that was not asked about, since it may be broken itself; none while a run
-- has the lease, which may be asking about it. Never one in quarantine. Running it again makes no second call.
INSERT INTO {{ table('embedding_batches') }}
  (run_id, pass_number, work_order, batch_number, uri, content_hash, generation, size, updated, replaces, planned_at)
SELECT
  @run_id, 0, @work_order, @batch_number, image.uri, image.content_hash, image.generation, image.size, image.updated,
  published.uri IS NOT NULL, @planned_at
FROM (
  {% include 'embed/parts/select_current_images.sql' %}
) AS image
LEFT JOIN {{ table('image_embeddings') }} AS published
  ON published.uri = image.uri AND published.content_hash = image.content_hash AND published.generation = image.generation
LEFT JOIN (
  SELECT content_hash FROM {{ table('image_embeddings') }}
  UNION DISTINCT
  SELECT content_hash FROM {{ table('embedding_attempts') }} WHERE model = @model AND ml_generate_embedding_status = ''
) AS known
  ON known.content_hash = image.content_hash
LEFT JOIN (SELECT DISTINCT uri, content_hash FROM {{ table('embedding_attempts') }} WHERE model = @model) AS tried
  ON tried.uri = image.uri AND tried.content_hash = image.content_hash
LEFT JOIN {{ table('embedding_quarantine') }} AS quarantined
  ON quarantined.uri = image.uri AND quarantined.content_hash = image.content_hash AND quarantined.model = @model
    AND quarantined.replayed_at IS NULL
WHERE quarantined.uri IS NULL
  AND IF(
    @was_embedded,
    published.uri IS NOT NULL,
    known.content_hash IS NULL
      AND NOT EXISTS (SELECT 1 FROM {{ table('embedding_lease') }} WHERE expires_at > CURRENT_TIMESTAMP()))
  AND NOT EXISTS (SELECT 1 FROM {{ table('embedding_batches') }} WHERE work_order = @work_order)
ORDER BY tried.uri IS NULL DESC, image.updated DESC
LIMIT 1;
{% include 'embed/insert_embedding_attempts.sql' %};
SELECT uri, ml_generate_embedding_status AS status FROM {{ table('embedding_attempts') }} WHERE work_order = @work_order
