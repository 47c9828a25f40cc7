-- Check a pass: list the bucket again, publish what it confirms, set broken images aside. Grain: one pass (one row).
-- An answer counts only if the bucket still has the generation that was asked about: an image that was overwritten or deleted
-- meanwhile is not broken. A content is set aside under every name that it has.
-- The brake: when all answers of the pass, or more than @max_terminal_share of them, are terminal, nothing is set aside until
-- @is_released says that the model still embeds what it has embedded before.
-- The status of poison begins with the prefix for retryable ones, which no longer applies, so it is removed.
DECLARE answers, terminal_answers INT64;
DECLARE is_braked BOOL;
-- Hold the lease a while longer, or stop: another Airflow has taken it. Included by other scripts.
UPDATE `demo-project.bqml_tutorial.embedding_lease`
SET expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @lease_minutes MINUTE)
WHERE lease_id = @lease_id;
-- Stop unless this run holds the lease of the dataset. Included by other scripts.
IF NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.embedding_lease` WHERE lease_id = @lease_id) THEN
  RAISE USING MESSAGE = (SELECT CONCAT(@lease_lost, ' ', holder, ' has it.') FROM `demo-project.bqml_tutorial.embedding_lease`);
END IF;
-- List the bucket, and confirm the vectors whose generation it still has. Included by other scripts.
-- A vector that was there before this listing, made from a generation that is still there, was made from the bytes that the
-- earlier listing showed: nobody had overwritten them in between. Only then may it serve the same content elsewhere.
-- It need not be searchable yet: what a dead run has left may be needed for a copy.
CREATE TEMP TABLE unconfirmed AS
SELECT vector.uri, vector.generation, vector.content_hash, vector.embedded_at
FROM (
  SELECT uri, generation, content_hash, embedded_at FROM `demo-project.bqml_tutorial.met_image_embeddings`
  UNION DISTINCT
  SELECT uri, generation, content_hash, attempted_at FROM `demo-project.bqml_tutorial.embedding_attempts` WHERE ml_generate_embedding_status = ''
) AS vector
LEFT JOIN `demo-project.bqml_tutorial.embedding_confirmations` AS confirmed
  ON confirmed.content_hash = vector.content_hash AND confirmed.embedded_at = vector.embedded_at
WHERE confirmed.content_hash IS NULL;
CALL BQ.REFRESH_EXTERNAL_METADATA_CACHE('demo-project.bqml_tutorial.met_images');
INSERT INTO `demo-project.bqml_tutorial.embedding_confirmations` (content_hash, embedded_at)
SELECT DISTINCT unconfirmed.content_hash, unconfirmed.embedded_at
FROM unconfirmed
INNER JOIN `demo-project.bqml_tutorial.met_images` AS image ON image.uri = unconfirmed.uri AND image.generation = unconfirmed.generation;
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
CREATE TEMP TABLE terminal AS
SELECT failed.*
FROM (
  -- Answers that a retry cannot change. Grain: one attempt. Included by check_pass.
-- Retryable statuses have several spellings but one prefix; any other status than '' is terminal, if this run got it: what an
-- earlier run did not set aside, this one asks again. So is poison: an image that was alone in a job that failed as a whole, in
-- two work orders, at least one of which had answers for other images (so it was not an outage). Attempts before an image
-- was replayed do not count.
WITH failed AS (
  SELECT attempt.uri, attempt.content_hash, attempt.generation, attempt.work_order, attempt.run_id, attempt.attempted_at,
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
WHERE poison.uri IS NOT NULL OR (failed.run_id = @run_id AND NOT STARTS_WITH(failed.status, @retryable_prefix))
) AS failed
INNER JOIN unpublished AS image ON image.uri = failed.uri AND image.generation = failed.generation;
SET answers = (
  SELECT COUNT(*) FROM `demo-project.bqml_tutorial.embedding_attempts`
  WHERE work_order = @work_order AND NOT STARTS_WITH(ml_generate_embedding_status, @failed_job_prefix));
SET terminal_answers = (
  SELECT COUNT(*) FROM terminal WHERE work_order = @work_order AND NOT STARTS_WITH(status, @retryable_prefix));
SET is_braked = NOT @is_released
  AND terminal_answers > 0
  AND (terminal_answers = answers OR terminal_answers > @max_terminal_share * answers);
IF NOT is_braked THEN
  MERGE `demo-project.bqml_tutorial.embedding_quarantine` AS quarantined
  USING (
    SELECT
      image.uri,
      image.content_hash,
      ARRAY_AGG(
        IF(
          STARTS_WITH(failed.status, @retryable_prefix),
          LTRIM(SUBSTR(failed.status, LENGTH(@retryable_prefix) + 1)),
          failed.status)
        ORDER BY failed.attempted_at DESC LIMIT 1)[OFFSET(0)] AS status,
      ARRAY_AGG(failed.run_id ORDER BY failed.attempted_at DESC LIMIT 1)[OFFSET(0)] AS run_id,
      COUNT(*) AS attempts
    FROM terminal AS failed
    INNER JOIN unpublished AS image ON image.content_hash = failed.content_hash
    GROUP BY image.uri, image.content_hash
  ) AS failed
  ON quarantined.uri = failed.uri AND quarantined.content_hash = failed.content_hash AND quarantined.model = @model
  WHEN MATCHED AND quarantined.replayed_at IS NOT NULL THEN
    UPDATE SET ml_generate_embedding_status = failed.status, attempts = quarantined.attempts + failed.attempts,
      run_id = failed.run_id, quarantined_at = CURRENT_TIMESTAMP(), replayed_at = CAST(NULL AS TIMESTAMP)
  WHEN NOT MATCHED THEN
    INSERT (uri, content_hash, model, ml_generate_embedding_status, attempts, run_id, quarantined_at)
    VALUES (failed.uri, failed.content_hash, @model, failed.status, failed.attempts, failed.run_id, CURRENT_TIMESTAMP());
END IF;
SELECT
  progress.*,
  is_braked,
  answers,
  terminal_answers,
  (
    SELECT ml_generate_embedding_status FROM `demo-project.bqml_tutorial.embedding_attempts`
    WHERE work_order = @work_order AND ml_generate_embedding_status != ''
      AND NOT STARTS_WITH(ml_generate_embedding_status, @retryable_prefix)
    GROUP BY ml_generate_embedding_status
    ORDER BY COUNT(*) DESC
    LIMIT 1
  ) AS terminal_status
FROM (
  -- What has become of the images of this run (those of its last plan, and those it called the model for before), and what
-- was paid. Grain: one run (one row). planned = published + quarantined + changed + vanished + pending.
-- changed: overwritten since it was planned; the new content is for the next run. vanished: gone since it was planned.
-- ignored: objects of other content types, by type. duplicates: rows that should not exist, because they repeat the uri of another.
-- backlog: images that are still to be done, whoever planned them; backlog_seconds: age of the oldest.
-- calls_in_vain: calls that were paid for, and whose vector is not searchable. asked_again: calls for images that had been
-- embedded before, to tell broken images from a broken model.
WITH attempts AS (
  SELECT
    uri,
    content_hash,
    ARRAY_AGG(ml_generate_embedding_status ORDER BY attempted_at DESC LIMIT 1)[OFFSET(0)] AS status,
    COUNT(*) AS calls,
    COUNTIF(ml_generate_embedding_status = '') AS paid
  FROM `demo-project.bqml_tutorial.embedding_attempts`
  WHERE run_id = @run_id
  GROUP BY uri, content_hash
),
unpublished AS (
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
    OR (published.generation IS DISTINCT FROM image.generation AND confirmed.content_hash IS NULL))
),
places AS (
  SELECT
    planned.uri,
    planned.size,
    COALESCE(quarantined.ml_generate_embedding_status, attempt.status, 'no answer yet') AS status,
    CASE
      WHEN unpublished.uri IS NOT NULL THEN 'pending'
      WHEN quarantined.uri IS NOT NULL THEN 'quarantined'
      WHEN published.uri IS NOT NULL THEN 'published'
      WHEN image.uri IS NOT NULL THEN 'changed'
      ELSE 'vanished'
    END AS place
  FROM (
    SELECT uri, content_hash, MAX(size) AS size
    FROM `demo-project.bqml_tutorial.embedding_batches`
    WHERE run_id = @run_id AND pass_number > 0
    GROUP BY uri, content_hash
  ) AS planned
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
  ) AS last_plan
    ON last_plan.uri = planned.uri AND last_plan.content_hash = planned.content_hash
  LEFT JOIN unpublished
    ON unpublished.uri = planned.uri AND unpublished.content_hash = planned.content_hash
  LEFT JOIN (SELECT DISTINCT uri, content_hash FROM `demo-project.bqml_tutorial.met_image_embeddings`) AS published
    ON published.uri = planned.uri AND published.content_hash = planned.content_hash
  LEFT JOIN `demo-project.bqml_tutorial.embedding_quarantine` AS quarantined
    ON quarantined.uri = planned.uri AND quarantined.content_hash = planned.content_hash
      AND quarantined.model = @model AND quarantined.replayed_at IS NULL
  LEFT JOIN `demo-project.bqml_tutorial.met_images` AS image ON image.uri = planned.uri
  LEFT JOIN attempts AS attempt ON attempt.uri = planned.uri AND attempt.content_hash = planned.content_hash
  WHERE last_plan.uri IS NOT NULL OR attempt.uri IS NOT NULL
),
other_types AS (
  SELECT COALESCE(content_type, 'no content type') AS content_type, COUNT(*) AS objects, MIN(uri) AS example
  FROM `demo-project.bqml_tutorial.met_images`
  WHERE (
    -- Whether an object is an image of ours: by its media type, whatever the case of its letters and its parameters.
LOWER(TRIM(SPLIT(content_type, ';')[SAFE_OFFSET(0)])) IN UNNEST(@content_types)
  ) IS NOT TRUE
  GROUP BY content_type
),
failures AS (
  SELECT place, status, COUNT(*) AS images, ARRAY_AGG(uri ORDER BY uri LIMIT 3) AS examples
  FROM places
  WHERE place IN ('pending', 'quarantined')
  GROUP BY place, status
)
SELECT
  COUNT(*) AS planned,
  COUNTIF(place = 'published') AS published,
  COUNTIF(place = 'quarantined') AS quarantined,
  COUNTIF(place = 'changed') AS changed,
  COUNTIF(place = 'vanished') AS vanished,
  COUNTIF(place = 'pending') AS pending,
  COALESCE(SUM(size), 0) AS bytes,
  (SELECT COALESCE(SUM(calls), 0) FROM attempts) AS attempts,
  (SELECT COALESCE(SUM(paid), 0) FROM attempts) AS paid,
  (
    SELECT COUNT(*)
    FROM `demo-project.bqml_tutorial.embedding_attempts` AS attempt
    LEFT JOIN (SELECT DISTINCT content_hash, embedded_at FROM `demo-project.bqml_tutorial.met_image_embeddings`) AS published
      ON published.content_hash = attempt.content_hash AND published.embedded_at = attempt.attempted_at
    WHERE attempt.run_id = @run_id AND attempt.ml_generate_embedding_status = '' AND published.content_hash IS NULL
  ) AS calls_in_vain,
  (
    SELECT COUNT(*)
    FROM `demo-project.bqml_tutorial.embedding_batches` AS asked
    INNER JOIN `demo-project.bqml_tutorial.embedding_attempts` AS attempt
      ON attempt.work_order = asked.work_order AND attempt.uri = asked.uri
    WHERE asked.run_id = @run_id AND asked.pass_number = 0
  ) AS asked_again,
  (SELECT COUNT(*) FROM unpublished) AS backlog,
  (SELECT COALESCE(TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MIN(updated), SECOND), 0) FROM unpublished) AS backlog_seconds,
  (SELECT COALESCE(SUM(objects), 0) FROM other_types) AS ignored,
  ARRAY(
    SELECT CONCAT(content_type, ': ', CAST(objects AS STRING), ', for example ', example)
    FROM other_types
    ORDER BY objects DESC, content_type
    LIMIT 20
  ) AS ignored_types,
  (SELECT COUNT(*) - COUNT(DISTINCT uri) FROM `demo-project.bqml_tutorial.met_image_embeddings`) AS duplicates,
  ARRAY(SELECT AS STRUCT place, status, images, examples FROM failures ORDER BY images DESC, status LIMIT 20) AS failures
FROM places
) AS progress
