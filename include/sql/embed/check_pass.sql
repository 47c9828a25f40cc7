-- Check a pass: list the bucket again, publish what it confirms, set broken images aside. Grain: one pass (one row).
-- An answer counts only if the bucket still has the generation that was asked about: an image that was overwritten or deleted
-- meanwhile is not broken. A content is set aside under every name that it has.
-- The brake: when all answers of the pass, or more than @max_terminal_share of them, are terminal, nothing is set aside until
-- @is_released says that the model still embeds what it has embedded before.
-- The status of poison begins with the prefix for retryable ones, which no longer applies, so it is removed.
DECLARE answers, terminal_answers INT64;
DECLARE is_braked BOOL;
{% include 'embed/parts/renew_lease.sql' %}
{% include 'embed/parts/list_bucket.sql' %}
{% include 'embed/parts/publish_known.sql' %}
CREATE TEMP TABLE terminal AS
SELECT failed.*
FROM (
  {% include 'embed/parts/select_terminal_attempts.sql' %}
) AS failed
INNER JOIN unpublished AS image ON image.uri = failed.uri AND image.generation = failed.generation;
SET answers = (
  SELECT COUNT(*) FROM {{ table('embedding_attempts') }}
  WHERE work_order = @work_order AND NOT STARTS_WITH(ml_generate_embedding_status, @failed_job_prefix));
SET terminal_answers = (
  SELECT COUNT(*) FROM terminal WHERE work_order = @work_order AND NOT STARTS_WITH(status, @retryable_prefix));
SET is_braked = NOT @is_released
  AND terminal_answers > 0
  AND (terminal_answers = answers OR terminal_answers > @max_terminal_share * answers);
IF NOT is_braked THEN
  MERGE {{ table('embedding_quarantine') }} AS quarantined
  USING (
    SELECT
      image.uri,
      image.content_hash,
      ARRAY_AGG(
        IF(
          STARTS_WITH(failed.status, @retryable_prefix),
          LTRIM(SUBSTR(failed.status, LENGTH(@retryable_prefix) + 1)),
          failed.status)
        ORDER BY failed.attempted_at DESC LIMIT 1)[OFFSET(0)] AS status,
      ARRAY_AGG(failed.run_id ORDER BY failed.attempted_at DESC LIMIT 1)[OFFSET(0)] AS run_id,
      COUNT(*) AS attempts
    FROM terminal AS failed
    INNER JOIN unpublished AS image ON image.content_hash = failed.content_hash
    GROUP BY image.uri, image.content_hash
  ) AS failed
  ON quarantined.uri = failed.uri AND quarantined.content_hash = failed.content_hash AND quarantined.model = @model
  WHEN MATCHED AND quarantined.replayed_at IS NOT NULL THEN
    UPDATE SET ml_generate_embedding_status = failed.status, attempts = quarantined.attempts + failed.attempts,
      run_id = failed.run_id, quarantined_at = CURRENT_TIMESTAMP(), replayed_at = CAST(NULL AS TIMESTAMP)
  WHEN NOT MATCHED THEN
    INSERT (uri, content_hash, model, ml_generate_embedding_status, attempts, run_id, quarantined_at)
    VALUES (failed.uri, failed.content_hash, @model, failed.status, failed.attempts, failed.run_id, CURRENT_TIMESTAMP());
END IF;
SELECT
  progress.*,
  is_braked,
  answers,
  terminal_answers,
  (
    SELECT ml_generate_embedding_status FROM {{ table('embedding_attempts') }}
    WHERE work_order = @work_order AND ml_generate_embedding_status != ''
      AND NOT STARTS_WITH(ml_generate_embedding_status, @retryable_prefix)
    GROUP BY ml_generate_embedding_status
    ORDER BY COUNT(*) DESC
    LIMIT 1
  ) AS terminal_status
FROM (
  {% include 'embed/count_progress.sql' %}
) AS progress
