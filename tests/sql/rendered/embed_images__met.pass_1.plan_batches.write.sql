-- Plan one pass: number the pending images into batches of at most @batch_size.
-- Images that failed in an earlier run come first, then the newest (or the oldest, with @order). Images whose last job
-- failed as a whole go into smaller batches of their own.
-- The first pass takes what this run may pay for: up to @max_images, and up to what is left of the month's budget. Later
-- passes take only what is left of that plan, so that no more is paid than was planned and approved.
-- Writing the same work order again adds nothing.
INSERT INTO `demo-project.bqml_tutorial.embedding_batches`
  (run_id, pass_number, work_order, batch_number, uri, content_hash, size, updated, planned_at)
SELECT
  @run_id,
  @pass_number,
  @work_order,
  DENSE_RANK() OVER (ORDER BY in_pieces, batch_size DESC, DIV(place_in_size, batch_size)) - 1,
  uri,
  content_hash,
  size,
  updated,
  CURRENT_TIMESTAMP()
FROM (
  SELECT ordered.*, ROW_NUMBER() OVER (PARTITION BY in_pieces, batch_size ORDER BY place) - 1 AS place_in_size
  FROM (
    SELECT
      plannable.*,
      pieces.uri IS NOT NULL AS in_pieces,
      LEAST(COALESCE(pieces.batch_size, @batch_size), @batch_size) AS batch_size,
      ROW_NUMBER() OVER (
        ORDER BY
          tried.uri IS NOT NULL DESC, IF(@order = 'oldest', 1, -1) * UNIX_MICROS(plannable.updated), plannable.uri
      ) - 1 AS place
    FROM (
      -- Pending images that this run may take. Grain: one image. Included by write_work_order and count_deferred_images.
-- A run of Airflow's Backfill takes images that were updated in its data interval; every other run takes all.
SELECT pending.*
FROM (
  -- Images that still need the model. Grain: one image. Included by write_work_order.
-- Pending is decided by content, never by a watermark: neither published, nor quarantined, nor with an attempt that is
-- yet to be published or quarantined.
SELECT image.*
FROM (
  -- The images that are in the bucket. Grain: one image. Included by other statements.
-- A composite object has no md5_hash; its generation identifies its content instead.
SELECT
  uri,
  COALESCE(md5_hash, CAST(generation AS STRING)) AS content_hash,
  generation,
  content_type,
  size,
  updated
FROM `demo-project.bqml_tutorial.met_images`
WHERE
  -- Whether an object is an image of ours: by its media type, whatever the case of its letters and its parameters.
LOWER(TRIM(SPLIT(content_type, ';')[SAFE_OFFSET(0)])) IN UNNEST(@content_types)
) AS image
WHERE NOT EXISTS (
    SELECT 1 FROM `demo-project.bqml_tutorial.met_image_embeddings` AS published
    WHERE published.uri = image.uri AND published.content_hash = image.content_hash)
  AND NOT EXISTS (
    SELECT 1 FROM `demo-project.bqml_tutorial.embedding_quarantine` AS quarantined
    WHERE quarantined.uri = image.uri AND quarantined.content_hash = image.content_hash AND quarantined.model = @model
      AND quarantined.replayed_at IS NULL)
  AND NOT EXISTS (
    SELECT 1 FROM `demo-project.bqml_tutorial.embedding_attempts` AS attempt
    WHERE attempt.uri = image.uri AND attempt.content_hash = image.content_hash
      AND attempt.model = @model AND attempt.ml_generate_embedding_status = '')
  AND NOT EXISTS (
    SELECT 1
    FROM (
      -- Failed attempts that a retry cannot fix. Grain: one attempt. Included by other statements.
-- Retryable statuses have several spellings but one prefix; any other status than '' is terminal. So is poison: an image
-- that was alone in a job that failed as a whole, in two work orders, at least one of which had answers for other images
-- (so it was not an outage). Attempts before an image was replayed do not count.
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
    WHERE attempt.uri = image.uri AND attempt.content_hash = image.content_hash)
) AS pending
WHERE STARTS_WITH(uri, @uri_prefix)
  AND updated >= @updated_from
  AND updated < @updated_until
    ) AS plannable
    LEFT JOIN (
      -- Images whose newest job failed as a whole, and the size of their next batch. Grain: one content of one image.
-- Included by write_work_order. The images of a job are split into @pieces_per_job pieces, until the image that makes jobs
-- fail is alone; all such images together make at most @max_pieces, so that an outage does not become thousands of jobs.
SELECT
  uri,
  content_hash,
  CAST(CEIL(GREATEST(
    COUNT(*) OVER (PARTITION BY work_order, batch_number) / @pieces_per_job,
    COUNT(*) OVER () / @max_pieces)) AS INT64) AS batch_size
FROM (
  SELECT uri, content_hash, work_order, batch_number, ml_generate_embedding_status
  FROM `demo-project.bqml_tutorial.embedding_attempts`
  WHERE model = @model
  QUALIFY ROW_NUMBER() OVER (PARTITION BY uri, content_hash ORDER BY attempted_at DESC) = 1
) AS newest
WHERE STARTS_WITH(ml_generate_embedding_status, @failed_job_prefix)
    ) AS pieces
      ON pieces.uri = plannable.uri AND pieces.content_hash = plannable.content_hash
    LEFT JOIN (
      SELECT DISTINCT uri, content_hash FROM `demo-project.bqml_tutorial.embedding_attempts` WHERE model = @model
    ) AS tried
      ON tried.uri = plannable.uri AND tried.content_hash = plannable.content_hash
    LEFT JOIN (
      -- The first-pass work order that this run carries out: its newest, since a cleared run plans again.
-- Grain: one image content. Included by write_work_order and count_progress.
SELECT uri, content_hash
FROM `demo-project.bqml_tutorial.embedding_batches`
WHERE work_order = (
  SELECT work_order
  FROM `demo-project.bqml_tutorial.embedding_batches`
  WHERE run_id = @run_id AND pass_number = 1
  ORDER BY planned_at DESC
  LIMIT 1)
    ) AS planned
      ON planned.uri = plannable.uri AND planned.content_hash = plannable.content_hash
    WHERE @pass_number = 1 OR planned.uri IS NOT NULL
  ) AS ordered
  WHERE place < (
      SELECT LEAST(@max_images - by_run, @budget_images - this_month)
      FROM (
        -- Images that were paid for; a failed call is not billed. Grain: one row. Included by write_work_order and count_deferred_images.
-- Attempts are kept for a whole calendar month, see create_embedding_attempts.
SELECT
  COUNTIF(run_id = @run_id) AS by_run,
  COUNTIF(attempted_at >= TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), MONTH, 'UTC')) AS this_month
FROM `demo-project.bqml_tutorial.embedding_attempts`
WHERE ml_generate_embedding_status = ''
      ) AS paid)
    AND NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.embedding_batches` WHERE work_order = @work_order)
) AS sized
