-- Plan one pass: number the pending images, newest first, into batches of at most @batch_size.
-- The first pass takes every pending image (up to @max_images); later passes only what this run has planned already.
-- Images whose last job failed as a whole go into smaller batches of their own, away from the others.
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
      pending.*,
      pieces.uri IS NOT NULL AS in_pieces,
      LEAST(COALESCE(pieces.batch_size, @batch_size), @batch_size) AS batch_size,
      ROW_NUMBER() OVER (ORDER BY pending.updated DESC, pending.uri) - 1 AS place
    FROM (
      -- Images that still need the model. Grain: one image. Included by write_work_order.
-- Pending by content, never by a watermark: neither published, nor quarantined, nor answered for good by an attempt
-- that waits to be published or quarantined.
SELECT image.*
FROM (
  -- The images that are in the bucket now. Grain: one image. Included by other statements.
-- A composite object has no md5_hash; its generation stands for its content.
SELECT
  uri,
  COALESCE(md5_hash, CAST(generation AS STRING)) AS content_hash,
  generation,
  content_type,
  size,
  updated
FROM `demo-project.bqml_tutorial.met_images`
WHERE content_type IN UNNEST(@content_types)
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
    WHERE attempt.uri = image.uri AND attempt.content_hash = image.content_hash)
    ) AS pending
    LEFT JOIN (
      -- Images whose newest job failed as a whole, and how many of them may be in their next batch. Grain: one content of one image.
-- Included by write_work_order. A job's images go into @pieces_per_job pieces, until the image that kills it is alone; all
-- such images together into @max_pieces, so that an outage does not become thousands of jobs.
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
      ON pieces.uri = pending.uri AND pieces.content_hash = pending.content_hash
    WHERE STARTS_WITH(pending.uri, @uri_prefix)
      AND (@pass_number = 1 OR pending.uri IN (SELECT uri FROM `demo-project.bqml_tutorial.embedding_batches` WHERE run_id = @run_id))
  ) AS ordered
  WHERE place < @max_images
    AND NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.embedding_batches` WHERE work_order = @work_order)
) AS sized
