-- Progress of a work order, for the log: images answered, and seconds since the first answer. Grain: one row.
-- Answers of running jobs are not visible yet; a job that failed as a whole counts as no answer. No vector is read.
SELECT
  (SELECT COUNT(*) FROM `demo-project.bqml_tutorial.embedding_batches` WHERE work_order = @work_order) AS planned,
  COUNT(*) AS done,
  TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MIN(attempted_at), SECOND) AS seconds
FROM `demo-project.bqml_tutorial.embedding_attempts`
WHERE work_order = @work_order
  AND attempted_at >= @started_at
  AND NOT STARTS_WITH(ml_generate_embedding_status, @failed_job_prefix)
