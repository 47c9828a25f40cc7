-- How far a work order is, for the log: what has an answer, and since when it is under way. Grain: one row.
-- Answers of jobs that still run are not seen yet; a job that failed as a whole is no answer. No vector is read.
SELECT
  (SELECT COUNT(*) FROM {{ table('embedding_batches') }} WHERE work_order = @work_order) AS planned,
  COUNT(*) AS done,
  TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MIN(attempted_at), SECOND) AS seconds
FROM {{ table('embedding_attempts') }}
WHERE work_order = @work_order
  AND attempted_at >= @started_at
  AND NOT STARTS_WITH(ml_generate_embedding_status, @failed_job_prefix)
