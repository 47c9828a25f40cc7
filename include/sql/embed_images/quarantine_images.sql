-- Set aside the images that failed for a reason no retry can cure. Grain: one content of one image.
-- Retryable statuses have several spellings and one prefix; whatever else is not '' is terminal. Not only this run's:
-- a run that died may have left some behind.
MERGE {{ table('embedding_quarantine') }} AS quarantined
USING (
  SELECT
    uri,
    content_hash,
    model,
    ARRAY_AGG(ml_generate_embedding_status ORDER BY attempted_at DESC LIMIT 1)[OFFSET(0)] AS ml_generate_embedding_status,
    ARRAY_AGG(run_id ORDER BY attempted_at DESC LIMIT 1)[OFFSET(0)] AS run_id,
    COUNT(*) AS attempts
  FROM {{ table('embedding_attempts') }}
  WHERE model = @model
    AND ml_generate_embedding_status != ''
    AND NOT STARTS_WITH(ml_generate_embedding_status, @retryable_prefix)
  GROUP BY uri, content_hash, model
) AS failed
ON quarantined.uri = failed.uri AND quarantined.content_hash = failed.content_hash AND quarantined.model = failed.model
WHEN NOT MATCHED THEN
  INSERT (uri, content_hash, model, ml_generate_embedding_status, attempts, run_id, quarantined_at)
  VALUES (failed.uri, failed.content_hash, failed.model, failed.ml_generate_embedding_status, failed.attempts, failed.run_id,
    CURRENT_TIMESTAMP())
