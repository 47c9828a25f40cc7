-- Images that were paid for; a failed call is not billed. Grain: one row. Included by plan_batches.
-- Attempts are kept for a whole calendar month, see create_embedding_attempts.
SELECT
  COUNTIF(run_id = @run_id) AS by_run,
  COUNTIF(attempted_at >= TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), MONTH, 'UTC')) AS this_month
FROM {{ table('embedding_attempts') }}
WHERE ml_generate_embedding_status = ''
