-- Plan one pass: number the pending images into batches of at most @batch_size.
-- First those that an earlier run has tried in vain, then the newest (or the oldest, if a person says so). Images whose last
-- job failed as a whole go into smaller batches of their own, away from the others.
-- The first pass takes what this run may pay: up to @max_images, and up to what is left of the month's budget. Later
-- passes take only what is left of that very plan, so that no more is paid than was planned and approved.
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
      plannable.*,
      pieces.uri IS NOT NULL AS in_pieces,
      LEAST(COALESCE(pieces.batch_size, @batch_size), @batch_size) AS batch_size,
      ROW_NUMBER() OVER (
        ORDER BY
          tried.uri IS NOT NULL DESC, IF(@order = 'oldest', 1, -1) * UNIX_MICROS(plannable.updated), plannable.uri
      ) - 1 AS place
    FROM (
      {% include 'embed/parts/select_plannable_images.sql' %}
    ) AS plannable
    LEFT JOIN (
      {% include 'embed/parts/select_pieces.sql' %}
    ) AS pieces
      ON pieces.uri = plannable.uri AND pieces.content_hash = plannable.content_hash
    LEFT JOIN (
      SELECT DISTINCT uri, content_hash FROM {{ table('embedding_attempts') }} WHERE model = @model
    ) AS tried
      ON tried.uri = plannable.uri AND tried.content_hash = plannable.content_hash
    LEFT JOIN (
      {% include 'embed/parts/select_last_plan.sql' %}
    ) AS planned
      ON planned.uri = plannable.uri AND planned.content_hash = plannable.content_hash
    WHERE @pass_number = 1 OR planned.uri IS NOT NULL
  ) AS ordered
  WHERE place < (
      SELECT LEAST(@max_images - by_run, @budget_images - this_month)
      FROM (
        {% include 'embed/parts/count_paid_images.sql' %}
      ) AS paid)
    AND NOT EXISTS (SELECT 1 FROM {{ table('embedding_batches') }} WHERE work_order = @work_order)
) AS sized
