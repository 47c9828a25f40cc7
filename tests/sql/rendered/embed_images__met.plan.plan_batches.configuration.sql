-- Plan one pass: number the images that need the model into batches. Grain: one plan (one row).
-- First it publishes what needs no call, and on request releases images from quarantine. A content that several images have
-- is embedded once: the first of them is in a batch, the others are planned without one (batch_number NULL).
-- Images that failed in an earlier run come first, then the newest (or the oldest, with @order). Images whose last job
-- failed as a whole go into smaller batches of their own; the others into equal batches that fill all lanes.
-- The first pass takes what this run may pay for: up to @max_images, up to what is left of the month's budget, and up to
-- @images_per_run. Later passes take only what is left of that plan, so that no more is paid than was planned and approved.
-- A plan with more than @most_batches or @most_images is not written. Writing the same work order again adds nothing.
DECLARE images, lanes, batches INT64;
-- Hold the lease a while longer, or stop: another Airflow has taken it. Included by other scripts.
UPDATE `demo-project.bqml_tutorial.embedding_lease`
SET expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @lease_minutes MINUTE)
WHERE lease_id = @lease_id;
-- Stop unless this run holds the lease of the dataset. Included by other scripts.
IF NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.embedding_lease` WHERE lease_id = @lease_id) THEN
  RAISE USING MESSAGE = (SELECT CONCAT(@lease_lost, ' ', holder, ' has it.') FROM `demo-project.bqml_tutorial.embedding_lease`);
END IF;
-- Refuse to mix vectors of two models (endpoint or dimension) in one table, before it costs anything.
ASSERT NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.met_image_embeddings` WHERE model != @model)
AS 'The images were embedded by another model. Set VITRINE_ENDPOINT and VITRINE_DIMENSION back, or add a second model to the collection: it has its own tables.';
IF @replay THEN
  -- Not those that this run has quarantined: if its tasks are cleared, no image may be replayed twice in one run.
  UPDATE `demo-project.bqml_tutorial.embedding_quarantine`
  SET replayed_at = CURRENT_TIMESTAMP()
  WHERE replayed_at IS NULL
    AND model = @model
    AND run_id != @run_id
    AND STARTS_WITH(ml_generate_embedding_status, @replay_status)
    AND STARTS_WITH(uri, @uri_prefix);
END IF;
-- Publish images whose vector is known, without a call. Included by plan_batches and check_pass.
-- Known is what a run has embedded and not published, and the confirmed vector of the same content under another name or
-- generation. Leaves the table `unpublished`, and `known`, the images published from it. Keys only; vectors are read if needed.
CREATE OR REPLACE TEMP TABLE unpublished AS
-- Images in the bucket whose content is neither searchable nor in quarantine. Grain: one image. Included by other statements.
-- Decided by content, never by a watermark. The vector of another generation of the same content counts only if it was
-- confirmed, see list_bucket. replaces: another vector is searchable under this uri.
SELECT image.*, published.uri IS NOT NULL AS replaces
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
LEFT JOIN `demo-project.bqml_tutorial.met_image_embeddings` AS published ON published.uri = image.uri
LEFT JOIN `demo-project.bqml_tutorial.embedding_confirmations` AS confirmed
  ON confirmed.content_hash = published.content_hash AND confirmed.embedded_at = published.embedded_at
LEFT JOIN `demo-project.bqml_tutorial.embedding_quarantine` AS quarantined
  ON quarantined.uri = image.uri AND quarantined.content_hash = image.content_hash AND quarantined.model = @model
    AND quarantined.replayed_at IS NULL
WHERE quarantined.uri IS NULL
  AND (
    published.uri IS NULL
    OR published.content_hash != image.content_hash
    OR (published.generation IS DISTINCT FROM image.generation AND confirmed.content_hash IS NULL));
CREATE OR REPLACE TEMP TABLE known AS
SELECT
  image.uri,
  image.content_hash,
  image.generation,
  image.content_type,
  image.size,
  image.updated,
  MIN(vector.embedded_at) AS embedded_at
FROM unpublished AS image
INNER JOIN (
  SELECT attempt.uri, attempt.content_hash, attempt.generation, attempt.attempted_at AS embedded_at,
    confirmed.content_hash IS NOT NULL AS is_confirmed
  FROM `demo-project.bqml_tutorial.embedding_attempts` AS attempt
  LEFT JOIN `demo-project.bqml_tutorial.embedding_confirmations` AS confirmed
    ON confirmed.content_hash = attempt.content_hash AND confirmed.embedded_at = attempt.attempted_at
  WHERE attempt.model = @model AND attempt.ml_generate_embedding_status = ''
  UNION ALL
  SELECT published.uri, published.content_hash, published.generation, published.embedded_at, TRUE
  FROM `demo-project.bqml_tutorial.met_image_embeddings` AS published
  INNER JOIN `demo-project.bqml_tutorial.embedding_confirmations` AS confirmed
    ON confirmed.content_hash = published.content_hash AND confirmed.embedded_at = published.embedded_at
) AS vector
  ON vector.content_hash = image.content_hash
WHERE vector.is_confirmed OR (vector.uri = image.uri AND vector.generation = image.generation)
GROUP BY image.uri, image.content_hash, image.generation, image.content_type, image.size, image.updated;
IF EXISTS (SELECT 1 FROM known) AND NOT @dry_run THEN
  MERGE `demo-project.bqml_tutorial.met_image_embeddings` AS published
  USING (
    SELECT known.*, vector.ml_generate_embedding_result
    FROM known
    INNER JOIN (
      SELECT content_hash, embedded_at, ANY_VALUE(ml_generate_embedding_result) AS ml_generate_embedding_result
      FROM (
        SELECT content_hash, attempted_at AS embedded_at, ml_generate_embedding_result
        FROM `demo-project.bqml_tutorial.embedding_attempts`
        WHERE model = @model AND ml_generate_embedding_status = ''
        UNION ALL
        SELECT content_hash, embedded_at, ml_generate_embedding_result FROM `demo-project.bqml_tutorial.met_image_embeddings`
      )
      GROUP BY content_hash, embedded_at
    ) AS vector
      ON vector.content_hash = known.content_hash AND vector.embedded_at = known.embedded_at
  ) AS image
  ON published.uri = image.uri
  WHEN MATCHED THEN
    UPDATE SET content_hash = image.content_hash, generation = image.generation, content_type = image.content_type,
      size = image.size, updated = image.updated, model = @model,
      ml_generate_embedding_result = image.ml_generate_embedding_result, run_id = @run_id, embedded_at = image.embedded_at
  WHEN NOT MATCHED THEN
    INSERT (uri, content_hash, generation, content_type, size, updated, model,
      ml_generate_embedding_result, ml_generate_embedding_status, run_id, embedded_at)
    VALUES (image.uri, image.content_hash, image.generation, image.content_type, image.size, image.updated, @model,
      image.ml_generate_embedding_result, '', @run_id, image.embedded_at);
END IF;
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
  FROM `demo-project.bqml_tutorial.embedding_attempts`
  WHERE model = @model
  QUALIFY ROW_NUMBER() OVER (PARTITION BY uri, content_hash ORDER BY attempted_at DESC) = 1
) AS newest
WHERE STARTS_WITH(ml_generate_embedding_status, @failed_job_prefix)
  ) AS pieces
    ON pieces.uri = image.uri AND pieces.content_hash = image.content_hash
  LEFT JOIN (
    SELECT DISTINCT uri, content_hash FROM `demo-project.bqml_tutorial.embedding_attempts` WHERE model = @model
  ) AS tried
    ON tried.uri = image.uri AND tried.content_hash = image.content_hash
  LEFT JOIN (
    -- The first-pass work order that this run carries out: its newest, since a cleared run plans again.
-- Grain: one image content. Included by plan_batches and count_progress.
SELECT uri, content_hash
FROM `demo-project.bqml_tutorial.embedding_batches`
WHERE work_order = (
  SELECT work_order
  FROM `demo-project.bqml_tutorial.embedding_batches`
  WHERE run_id = @run_id AND pass_number = 1
  ORDER BY planned_at DESC
  LIMIT 1)
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
-- Images that were paid for; a failed call is not billed. Grain: one row. Included by plan_batches.
-- Attempts are kept for a whole calendar month, see create_embedding_attempts.
SELECT
  COUNTIF(run_id = @run_id) AS by_run,
  COUNTIF(attempted_at >= TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), MONTH, 'UTC')) AS this_month
FROM `demo-project.bqml_tutorial.embedding_attempts`
WHERE ml_generate_embedding_status = '';
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
  AND NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.embedding_batches` WHERE work_order = @work_order) THEN
  INSERT INTO `demo-project.bqml_tutorial.embedding_batches`
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
    FROM `demo-project.bqml_tutorial.embedding_batches`
    WHERE work_order = @work_order AND batch_number IS NOT NULL
    GROUP BY work_order, batch_number
    ORDER BY batch_number
  ) AS batches,
  (SELECT COUNT(*) FROM `demo-project.bqml_tutorial.embedding_batches` WHERE work_order = @work_order AND batch_number IS NULL) AS copies,
  (SELECT COUNT(*) FROM known) AS known,
  (SELECT COUNT(*) FROM plannable)
    - (SELECT COUNT(*) FROM `demo-project.bqml_tutorial.embedding_batches` WHERE work_order = @work_order) AS deferred,
  images AS wanted_images,
  batches AS wanted_batches,
  (SELECT by_run FROM paid) AS paid_by_run,
  (SELECT this_month FROM paid) AS paid_this_month
