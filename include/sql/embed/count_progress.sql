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
  FROM {{ table('embedding_attempts') }}
  WHERE run_id = @run_id
  GROUP BY uri, content_hash
),
unpublished AS (
  {% include 'embed/parts/select_unpublished_images.sql' %}
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
    FROM {{ table('embedding_batches') }}
    WHERE run_id = @run_id AND pass_number > 0
    GROUP BY uri, content_hash
  ) AS planned
  LEFT JOIN (
    {% include 'embed/parts/select_last_plan.sql' %}
  ) AS last_plan
    ON last_plan.uri = planned.uri AND last_plan.content_hash = planned.content_hash
  LEFT JOIN unpublished
    ON unpublished.uri = planned.uri AND unpublished.content_hash = planned.content_hash
  LEFT JOIN (SELECT DISTINCT uri, content_hash FROM {{ table('image_embeddings') }}) AS published
    ON published.uri = planned.uri AND published.content_hash = planned.content_hash
  LEFT JOIN {{ table('embedding_quarantine') }} AS quarantined
    ON quarantined.uri = planned.uri AND quarantined.content_hash = planned.content_hash
      AND quarantined.model = @model AND quarantined.replayed_at IS NULL
  LEFT JOIN {{ table('images') }} AS image ON image.uri = planned.uri
  LEFT JOIN attempts AS attempt ON attempt.uri = planned.uri AND attempt.content_hash = planned.content_hash
  WHERE last_plan.uri IS NOT NULL OR attempt.uri IS NOT NULL
),
other_types AS (
  SELECT COALESCE(content_type, 'no content type') AS content_type, COUNT(*) AS objects, MIN(uri) AS example
  FROM {{ table('images') }}
  WHERE (
    {% include 'embed/parts/is_image.sql' %}
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
    FROM {{ table('embedding_attempts') }} AS attempt
    LEFT JOIN (SELECT DISTINCT content_hash, embedded_at FROM {{ table('image_embeddings') }}) AS published
      ON published.content_hash = attempt.content_hash AND published.embedded_at = attempt.attempted_at
    WHERE attempt.run_id = @run_id AND attempt.ml_generate_embedding_status = '' AND published.content_hash IS NULL
  ) AS calls_in_vain,
  (
    SELECT COUNT(*)
    FROM {{ table('embedding_batches') }} AS asked
    INNER JOIN {{ table('embedding_attempts') }} AS attempt
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
  (SELECT COUNT(*) - COUNT(DISTINCT uri) FROM {{ table('image_embeddings') }}) AS duplicates,
  ARRAY(SELECT AS STRUCT place, status, images, examples FROM failures ORDER BY images DESC, status LIMIT 20) AS failures
FROM places
