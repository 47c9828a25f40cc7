-- Plan one pass: number the pending images, newest first, into batches of at most @batch_size.
-- The first pass takes every pending image (up to @max_images); later passes only what this run has planned already.
-- Writing the same work order again adds nothing.
INSERT INTO `demo-project.bqml_tutorial.embedding_batches`
  (run_id, pass_number, work_order, batch_number, uri, content_hash, size, updated, planned_at)
SELECT
  @run_id,
  @pass_number,
  @work_order,
  DIV(place, @batch_size),
  uri,
  content_hash,
  size,
  updated,
  CURRENT_TIMESTAMP()
FROM (
  SELECT pending.*, ROW_NUMBER() OVER (ORDER BY updated DESC, uri) - 1 AS place
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
    WHERE quarantined.uri = image.uri AND quarantined.content_hash = image.content_hash AND quarantined.model = @model)
  AND NOT EXISTS (
    SELECT 1 FROM `demo-project.bqml_tutorial.embedding_attempts` AS attempt
    WHERE attempt.uri = image.uri AND attempt.content_hash = image.content_hash
      AND attempt.model = @model AND NOT STARTS_WITH(attempt.ml_generate_embedding_status, @retryable_prefix))
  ) AS pending
  WHERE STARTS_WITH(uri, @uri_prefix)
    AND (@pass_number = 1 OR uri IN (SELECT uri FROM `demo-project.bqml_tutorial.embedding_batches` WHERE run_id = @run_id))
) AS ordered
WHERE place < @max_images
  AND NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.embedding_batches` WHERE work_order = @work_order)
