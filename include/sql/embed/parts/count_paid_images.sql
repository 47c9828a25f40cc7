-- Images that were paid: a call that fails is not billed. Grain: one row. Included by write_work_order and count_deferred_images.
-- The attempts of a whole calendar month are kept, see create_embedding_attempts.
SELECT
  COUNTIF(run_id = @run_id) AS by_run,
  COUNTIF(attempted_at >= TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), MONTH, 'UTC')) AS this_month
FROM {{ table('embedding_attempts') }}
WHERE ml_generate_embedding_status = ''
