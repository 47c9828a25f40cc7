-- Set aside the images that no further try will cure. Grain: one content of one image.
-- Not only this run's: a run that died may have left some behind. An image that was replayed and failed again is put back.
-- The status of poison begins as a retryable one does, which is not true any more.
MERGE `demo-project.bqml_tutorial.embedding_quarantine` AS quarantined
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
    -- Tries of images that no further try will cure. Grain: one attempt. Included by other statements.
-- Retryable statuses have several spellings and one prefix; whatever else is not '' is terminal. So is poison: an image
-- whose job failed as a whole though it was alone in it, in two work orders, of which one answered other images (it was
-- not the service that was away). What was tried before an image was replayed does not count.
WITH failed AS (
  SELECT attempt.uri, attempt.content_hash, attempt.work_order, attempt.run_id, attempt.attempted_at,
    attempt.ml_generate_embedding_status AS status
  FROM `demo-project.bqml_tutorial.embedding_attempts` AS attempt
  LEFT JOIN `demo-project.bqml_tutorial.embedding_quarantine` AS quarantined
    ON quarantined.uri = attempt.uri AND quarantined.content_hash = attempt.content_hash AND quarantined.model = attempt.model
  WHERE attempt.model = @model
    AND attempt.ml_generate_embedding_status != ''
    AND (quarantined.replayed_at IS NULL OR quarantined.replayed_at < attempt.attempted_at)
),
poison AS (
  SELECT failed.uri, failed.content_hash
  FROM failed
  LEFT JOIN (
    SELECT DISTINCT work_order
    FROM `demo-project.bqml_tutorial.embedding_attempts`
    WHERE NOT STARTS_WITH(ml_generate_embedding_status, @retryable_prefix)
  ) AS answered
    ON answered.work_order = failed.work_order
  WHERE STARTS_WITH(failed.status, @failed_alone_prefix)
  GROUP BY failed.uri, failed.content_hash
  HAVING COUNT(DISTINCT failed.work_order) >= 2 AND COUNT(answered.work_order) >= 1
)
SELECT failed.*
FROM failed
LEFT JOIN poison
  ON poison.uri = failed.uri AND poison.content_hash = failed.content_hash
WHERE poison.uri IS NOT NULL OR NOT STARTS_WITH(failed.status, @retryable_prefix)
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
