-- What has become of the images of this run (those of its last plan, and those it called the model for before), and what
-- was paid. Grain: one run (one row). planned = published + quarantined + vanished + pending.
-- vanished: deleted or overwritten since it was planned. ignored: objects of other content types, by type. duplicates: rows that
-- should not exist, because they repeat the uri of another.
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
places AS (
  SELECT
    planned.uri,
    planned.size,
    COALESCE(attempt.status, 'no answer yet') AS status,
    CASE
      WHEN published.uri IS NOT NULL THEN 'published'
      WHEN quarantined.uri IS NOT NULL THEN 'quarantined'
      WHEN image.uri IS NULL THEN 'vanished'
      ELSE 'pending'
    END AS place
  FROM (
    SELECT uri, content_hash, MAX(size) AS size
    FROM {{ table('embedding_batches') }}
    WHERE run_id = @run_id
    GROUP BY uri, content_hash
  ) AS planned
  LEFT JOIN (
    {% include 'embed/parts/select_last_plan.sql' %}
  ) AS last_plan
    ON last_plan.uri = planned.uri AND last_plan.content_hash = planned.content_hash
  LEFT JOIN (
    {% include 'embed/parts/select_current_images.sql' %}
  ) AS image
    ON image.uri = planned.uri AND image.content_hash = planned.content_hash
  LEFT JOIN (SELECT DISTINCT uri, content_hash FROM {{ table('image_embeddings') }}) AS published
    ON published.uri = planned.uri AND published.content_hash = planned.content_hash
  LEFT JOIN {{ table('embedding_quarantine') }} AS quarantined
    ON quarantined.uri = planned.uri AND quarantined.content_hash = planned.content_hash
      AND quarantined.model = @model AND quarantined.replayed_at IS NULL
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
)
SELECT
  COUNT(*) AS planned,
  COUNTIF(place = 'published') AS published,
  COUNTIF(place = 'quarantined') AS quarantined,
  COUNTIF(place = 'vanished') AS vanished,
  COUNTIF(place = 'pending') AS pending,
  COALESCE(SUM(size), 0) AS bytes,
  (SELECT COALESCE(SUM(calls), 0) FROM attempts) AS attempts,
  (SELECT COALESCE(SUM(paid), 0) FROM attempts) AS paid,
  (SELECT COALESCE(SUM(objects), 0) FROM other_types) AS ignored,
  ARRAY(
    SELECT CONCAT(content_type, ': ', CAST(objects AS STRING), ', for example ', example)
    FROM other_types
    ORDER BY objects DESC, content_type
    LIMIT 20
  ) AS ignored_types,
  (SELECT COUNT(*) - COUNT(DISTINCT uri) FROM {{ table('image_embeddings') }}) AS duplicates,
  ARRAY(SELECT CONCAT(uri, ': ', status) FROM places WHERE place = 'pending' ORDER BY uri LIMIT 20) AS pending_images
FROM places
