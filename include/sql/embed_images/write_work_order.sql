-- Plan one pass: number the pending images, newest first, into batches of at most @batch_size.
-- The first pass takes every pending image (up to @max_images); later passes only what this run has planned already.
-- Writing the same work order again adds nothing.
INSERT INTO {{ table('embedding_batches') }}
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
    {% include 'embed_images/select_pending_images.sql' %}
  ) AS pending
  WHERE STARTS_WITH(uri, @uri_prefix)
    AND (@pass_number = 1 OR uri IN (SELECT uri FROM {{ table('embedding_batches') }} WHERE run_id = @run_id))
) AS ordered
WHERE place < @max_images
  AND NOT EXISTS (SELECT 1 FROM {{ table('embedding_batches') }} WHERE work_order = @work_order)
