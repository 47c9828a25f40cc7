-- Plan one pass: number the pending images, newest first, into batches of at most @batch_size.
-- The first pass takes every pending image (up to @max_images); later passes only what this run has planned already.
-- Images whose last job failed as a whole go into smaller batches of their own, away from the others.
-- Writing the same work order again adds nothing.
INSERT INTO {{ table('embedding_batches') }}
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
      {% include 'embed_images/select_pending_images.sql' %}
    ) AS pending
    LEFT JOIN (
      {% include 'embed_images/select_pieces.sql' %}
    ) AS pieces
      ON pieces.uri = pending.uri AND pieces.content_hash = pending.content_hash
    WHERE STARTS_WITH(pending.uri, @uri_prefix)
      AND (@pass_number = 1 OR pending.uri IN (SELECT uri FROM {{ table('embedding_batches') }} WHERE run_id = @run_id))
  ) AS ordered
  WHERE place < @max_images
    AND NOT EXISTS (SELECT 1 FROM {{ table('embedding_batches') }} WHERE work_order = @work_order)
) AS sized
