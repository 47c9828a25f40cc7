-- Make the searchable images follow the bucket: new metadata, and no image that is gone. Grain: one run (one row).
-- An image that was rewritten with the same content keeps its vector, once that is confirmed. One that is gone from the bucket, or
-- overwritten with content in quarantine, is removed, unless what would be lost is more than @max_share of all: a content that
-- stays searchable under another name is not lost.
-- published_now: images that this run has published. UPDATE and DELETE bill the whole published table, so they run only if there is something to do.
DECLARE published_images, vanished_images, lost_images INT64;
{% include 'embed/parts/renew_lease.sql' %}
CREATE TEMP TABLE touched AS
SELECT image.uri, image.generation, image.content_type, image.size, image.updated
FROM (
  {% include 'embed/parts/select_current_images.sql' %}
) AS image
INNER JOIN {{ table('image_embeddings') }} AS published
  ON published.uri = image.uri AND published.content_hash = image.content_hash
LEFT JOIN {{ table('embedding_confirmations') }} AS confirmed
  ON confirmed.content_hash = published.content_hash AND confirmed.embedded_at = published.embedded_at
WHERE (published.generation IS DISTINCT FROM image.generation AND confirmed.content_hash IS NOT NULL)
  OR (
    published.generation = image.generation
    AND (published.content_type IS DISTINCT FROM image.content_type OR published.updated IS DISTINCT FROM image.updated));
IF EXISTS (SELECT 1 FROM touched) THEN
  UPDATE {{ table('image_embeddings') }} AS published
  SET generation = touched.generation, content_type = touched.content_type, size = touched.size, updated = touched.updated
  FROM touched
  WHERE published.uri = touched.uri;
END IF;
CREATE TEMP TABLE vanished AS
SELECT published.uri, published.content_hash
FROM {{ table('image_embeddings') }} AS published
LEFT JOIN (
  {% include 'embed/parts/select_kept_images.sql' %}
) AS image
  ON image.uri = published.uri
WHERE image.uri IS NULL;
SET published_images = (SELECT COUNT(*) FROM {{ table('image_embeddings') }});
SET vanished_images = (SELECT COUNT(*) FROM vanished);
SET lost_images = (
  SELECT COUNT(*) FROM vanished
  WHERE content_hash NOT IN (
      SELECT content_hash FROM {{ table('image_embeddings') }} WHERE uri NOT IN (SELECT uri FROM vanished)));
IF @may_remove AND vanished_images > 0 AND (@allow_mass_delete OR lost_images <= @max_share * published_images) THEN
  DELETE FROM {{ table('image_embeddings') }} WHERE uri IN (SELECT uri FROM vanished);
END IF;
SELECT
  published_images AS published,
  vanished_images AS vanished,
  lost_images AS lost,
  published_images - (SELECT COUNT(*) FROM {{ table('image_embeddings') }}) AS removed,
  (SELECT COUNT(*) FROM {{ table('image_embeddings') }} WHERE run_id = @run_id) AS published_now
