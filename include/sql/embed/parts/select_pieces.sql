-- Images whose newest job failed as a whole, and the size of their next batch. Grain: one content of one image.
-- Included by plan_batches. The images of a job are split into @pieces_per_job pieces, until the image that makes jobs
-- fail is alone; all such images together make at most @max_pieces, so that an outage does not become thousands of jobs.
SELECT
  uri,
  content_hash,
  CAST(CEIL(GREATEST(
    COUNT(*) OVER (PARTITION BY work_order, batch_number) / @pieces_per_job,
    COUNT(*) OVER () / @max_pieces)) AS INT64) AS batch_size
FROM (
  SELECT uri, content_hash, work_order, batch_number, ml_generate_embedding_status
  FROM {{ table('embedding_attempts') }}
  WHERE model = @model
  QUALIFY ROW_NUMBER() OVER (PARTITION BY uri, content_hash ORDER BY attempted_at DESC) = 1
) AS newest
WHERE STARTS_WITH(ml_generate_embedding_status, @failed_job_prefix)
