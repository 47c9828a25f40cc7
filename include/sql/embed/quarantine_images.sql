-- Set aside the images that no further try will cure. Grain: one content of one image.
-- Not only this run's: a run that died may have left some behind. An image that was replayed and failed again is put back.
-- The status of poison begins as a retryable one does, which is not true any more.
MERGE {{ table('embedding_quarantine') }} AS quarantined
USING (
  SELECT
    uri,
    content_hash,
    ARRAY_AGG(
      IF(STARTS_WITH(status, @retryable_prefix), LTRIM(SUBSTR(status, LENGTH(@retryable_prefix) + 1)), status)
      ORDER BY attempted_at DESC LIMIT 1)[OFFSET(0)] AS status,
    ARRAY_AGG(run_id ORDER BY attempted_at DESC LIMIT 1)[OFFSET(0)] AS run_id,
    COUNT(*) AS attempts
  FROM (
    {% include 'embed/parts/select_terminal_attempts.sql' %}
  ) AS attempt
  GROUP BY uri, content_hash
) AS failed
ON quarantined.uri = failed.uri AND quarantined.content_hash = failed.content_hash AND quarantined.model = @model
WHEN MATCHED AND quarantined.replayed_at IS NOT NULL THEN
  UPDATE SET ml_generate_embedding_status = failed.status, attempts = quarantined.attempts + failed.attempts,
    run_id = failed.run_id, quarantined_at = CURRENT_TIMESTAMP(), replayed_at = CAST(NULL AS TIMESTAMP)
WHEN NOT MATCHED THEN
  INSERT (uri, content_hash, model, ml_generate_embedding_status, attempts, run_id, quarantined_at)
  VALUES (failed.uri, failed.content_hash, @model, failed.status, failed.attempts, failed.run_id, CURRENT_TIMESTAMP())
