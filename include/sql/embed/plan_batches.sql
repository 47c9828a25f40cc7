-- Plan one pass: number the images that need the model into batches. Grain: one plan (one row).
-- First it publishes what needs no call, and on request releases images from quarantine. A content that several images have
-- is embedded once: the first of them is in a batch, the others are planned without one (batch_number NULL).
-- Images that failed in an earlier run come first, then the newest (or the oldest, with @order). Images whose last job
-- failed as a whole go into smaller batches of their own; the others into equal batches that fill all lanes.
-- The first pass takes what this run may pay for: up to @max_images, up to what is left of the month's budget, and up to
-- @images_per_run. Later passes take only what is left of that plan, so that no more is paid than was planned and approved.
-- A plan with more than @most_batches or @most_images is not written. Writing the same work order again adds nothing.
DECLARE images, lanes, batches INT64;
{% include 'embed/parts/renew_lease.sql' %}
{% include 'schema/assert_one_model.sql' %};
IF @replay THEN
  -- Not those that this run has quarantined: if its tasks are cleared, no image may be replayed twice in one run.
  UPDATE {{ table('embedding_quarantine') }}
  SET replayed_at = CURRENT_TIMESTAMP()
  WHERE replayed_at IS NULL
    AND model = @model
    AND run_id != @run_id
    AND STARTS_WITH(ml_generate_embedding_status, @replay_status)
    AND STARTS_WITH(uri, @uri_prefix);
END IF;
{% include 'embed/parts/publish_known.sql' %}
CREATE TEMP TABLE plannable AS
SELECT
  pending.*,
  ROW_NUMBER() OVER (PARTITION BY content_hash ORDER BY place) = 1 AS is_embedded
FROM (
  SELECT
    image.uri,
    image.content_hash,
    image.generation,
    image.size,
    image.updated,
    image.replaces,
    pieces.batch_size AS piece_size,
    ROW_NUMBER() OVER (
      ORDER BY tried.uri IS NOT NULL DESC, IF(@order = 'oldest', 1, -1) * UNIX_MICROS(image.updated), image.uri
    ) AS place
  FROM unpublished AS image
  LEFT JOIN known ON known.uri = image.uri
  LEFT JOIN (
    {% include 'embed/parts/select_pieces.sql' %}
  ) AS pieces
    ON pieces.uri = image.uri AND pieces.content_hash = image.content_hash
  LEFT JOIN (
    SELECT DISTINCT uri, content_hash FROM {{ table('embedding_attempts') }} WHERE model = @model
  ) AS tried
    ON tried.uri = image.uri AND tried.content_hash = image.content_hash
  LEFT JOIN (
    {% include 'embed/parts/select_last_plan.sql' %}
  ) AS planned
    ON planned.uri = image.uri AND planned.content_hash = image.content_hash
  WHERE known.uri IS NULL
    -- A run of Airflow's Backfill takes images that were updated in its data interval; every other run takes all.
    AND STARTS_WITH(image.uri, @uri_prefix)
    AND image.updated >= @updated_from
    AND image.updated < @updated_until
    AND (@pass_number = 1 OR planned.uri IS NOT NULL)
) AS pending;
CREATE TEMP TABLE paid AS
{% include 'embed/parts/count_paid_images.sql' %};
CREATE TEMP TABLE work AS
SELECT plannable.*, content.in_order
FROM plannable
INNER JOIN (
  SELECT content_hash, ROW_NUMBER() OVER (ORDER BY place) AS in_order FROM plannable WHERE is_embedded
) AS content
  ON content.content_hash = plannable.content_hash
WHERE content.in_order <= (
    SELECT LEAST(@max_images - by_run, @budget_images - this_month, @images_per_run) FROM paid);
SET images = (SELECT COUNT(*) FROM work WHERE is_embedded AND piece_size IS NULL);
-- Fewer images than a lane embeds in a minute are not worth another job.
SET lanes = GREATEST(1, LEAST(@lanes, DIV(images, @images_per_minute_per_lane)));
SET batches = GREATEST(1, lanes * CAST(CEIL(CEIL(images / @batch_size) / lanes) AS INT64));
CREATE TEMP TABLE numbered AS
SELECT
  uri,
  content_hash,
  generation,
  size,
  updated,
  replaces,
  IF(
    is_embedded,
    DENSE_RANK() OVER (ORDER BY is_embedded DESC, in_pieces, batch_size DESC, DIV(place_in_size, batch_size)) - 1,
    NULL) AS batch_number
FROM (
  SELECT
    sized.*,
    ROW_NUMBER() OVER (PARTITION BY is_embedded, in_pieces, batch_size ORDER BY in_order) - 1 AS place_in_size
  FROM (
    SELECT
      work.*,
      piece_size IS NOT NULL AS in_pieces,
      COALESCE(LEAST(piece_size, @batch_size), GREATEST(1, CAST(CEIL(images / batches) AS INT64))) AS batch_size
    FROM work
  ) AS sized
);
SET images = (SELECT COUNT(*) FROM numbered WHERE batch_number IS NOT NULL);
SET batches = (SELECT COUNT(DISTINCT batch_number) FROM numbered);
IF images <= @most_images AND batches <= @most_batches
  AND NOT EXISTS (SELECT 1 FROM {{ table('embedding_batches') }} WHERE work_order = @work_order) THEN
  INSERT INTO {{ table('embedding_batches') }}
    (run_id, pass_number, work_order, batch_number, uri, content_hash, generation, size, updated, replaces, planned_at)
  SELECT
    @run_id, @pass_number, @work_order, batch_number, uri, content_hash, generation, size, updated, replaces, CURRENT_TIMESTAMP()
  FROM numbered;
END IF;
SELECT
  ARRAY(
    SELECT AS STRUCT
      work_order,
      batch_number,
      STRING(MIN(planned_at)) AS planned_at,
      COUNT(*) AS images,
      COALESCE(SUM(size), 0) AS bytes
    FROM {{ table('embedding_batches') }}
    WHERE work_order = @work_order AND batch_number IS NOT NULL
    GROUP BY work_order, batch_number
    ORDER BY batch_number
  ) AS batches,
  (SELECT COUNT(*) FROM {{ table('embedding_batches') }} WHERE work_order = @work_order AND batch_number IS NULL) AS copies,
  (SELECT COUNT(*) FROM known) AS known,
  (SELECT COUNT(*) FROM plannable)
    - (SELECT COUNT(*) FROM {{ table('embedding_batches') }} WHERE work_order = @work_order) AS deferred,
  images AS wanted_images,
  batches AS wanted_batches,
  (SELECT by_run FROM paid) AS paid_by_run,
  (SELECT this_month FROM paid) AS paid_this_month
