-- Answers that a retry cannot change. Grain: one attempt. Included by check_pass.
-- Retryable statuses have several spellings but one prefix; any other status than '' is terminal, if this run got it: what an
-- earlier run did not set aside, this one asks again. So is poison: an image that was alone in a job that failed as a whole, in
-- two work orders, at least one of which had answers for other images (so it was not an outage). Attempts before an image
-- was replayed do not count.
WITH failed AS (
  SELECT attempt.uri, attempt.content_hash, attempt.generation, attempt.work_order, attempt.run_id, attempt.attempted_at,
    attempt.ml_generate_embedding_status AS status
  FROM {{ table('embedding_attempts') }} AS attempt
  LEFT JOIN {{ table('embedding_quarantine') }} AS quarantined
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
    FROM {{ table('embedding_attempts') }}
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
WHERE poison.uri IS NOT NULL OR (failed.run_id = @run_id AND NOT STARTS_WITH(failed.status, @retryable_prefix))
