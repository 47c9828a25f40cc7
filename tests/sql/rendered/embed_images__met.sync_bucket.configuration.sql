-- Make the searchable images follow the bucket: new metadata, and no image that is gone. Grain: one run (one row).
-- An image that was rewritten with the same content keeps its vector, once that is confirmed. One that is gone from the bucket, or
-- overwritten with content in quarantine, is removed, unless what would be lost is more than @max_share of all: a content that
-- stays searchable under another name is not lost.
-- published_now: images that this run has published. UPDATE and DELETE bill the whole published table, so they run only if there is something to do.
DECLARE published_images, vanished_images, lost_images INT64;
-- Hold the lease a while longer, or stop: another Airflow has taken it. Included by other scripts.
UPDATE `demo-project.bqml_tutorial.embedding_lease`
SET expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @lease_minutes MINUTE)
WHERE lease_id = @lease_id;
-- Stop unless this run holds the lease of the dataset. Included by other scripts.
IF NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.embedding_lease` WHERE lease_id = @lease_id) THEN
  RAISE USING MESSAGE = (SELECT CONCAT(@lease_lost, ' ', holder, ' has it.') FROM `demo-project.bqml_tutorial.embedding_lease`);
END IF;
CREATE TEMP TABLE touched AS
SELECT image.uri, image.generation, image.content_type, image.size, image.updated
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
INNER JOIN `demo-project.bqml_tutorial.met_image_embeddings` AS published
  ON published.uri = image.uri AND published.content_hash = image.content_hash
LEFT JOIN `demo-project.bqml_tutorial.embedding_confirmations` AS confirmed
  ON confirmed.content_hash = published.content_hash AND confirmed.embedded_at = published.embedded_at
WHERE (published.generation IS DISTINCT FROM image.generation AND confirmed.content_hash IS NOT NULL)
  OR (
    published.generation = image.generation
    AND (published.content_type IS DISTINCT FROM image.content_type OR published.updated IS DISTINCT FROM image.updated));
IF EXISTS (SELECT 1 FROM touched) THEN
  UPDATE `demo-project.bqml_tutorial.met_image_embeddings` AS published
  SET generation = touched.generation, content_type = touched.content_type, size = touched.size, updated = touched.updated
  FROM touched
  WHERE published.uri = touched.uri;
END IF;
CREATE TEMP TABLE vanished AS
SELECT published.uri, published.content_hash
FROM `demo-project.bqml_tutorial.met_image_embeddings` AS published
LEFT JOIN (
  -- The images whose vector may stay searchable. Grain: one image. Included by other statements.
-- In the bucket, with any content type, and not overwritten with content that is in quarantine: the vector of the old
-- content would find the broken image.
SELECT image.uri
FROM `demo-project.bqml_tutorial.met_images` AS image
WHERE NOT EXISTS (
  SELECT 1 FROM `demo-project.bqml_tutorial.embedding_quarantine` AS quarantined
  WHERE quarantined.uri = image.uri
    AND quarantined.content_hash = COALESCE(image.md5_hash, CAST(image.generation AS STRING))
    AND quarantined.model = @model
    AND quarantined.replayed_at IS NULL)
) AS image
  ON image.uri = published.uri
WHERE image.uri IS NULL;
SET published_images = (SELECT COUNT(*) FROM `demo-project.bqml_tutorial.met_image_embeddings`);
SET vanished_images = (SELECT COUNT(*) FROM vanished);
SET lost_images = (
  SELECT COUNT(*) FROM vanished
  WHERE content_hash NOT IN (
      SELECT content_hash FROM `demo-project.bqml_tutorial.met_image_embeddings` WHERE uri NOT IN (SELECT uri FROM vanished)));
IF @may_remove AND vanished_images > 0 AND (@allow_mass_delete OR lost_images <= @max_share * published_images) THEN
  DELETE FROM `demo-project.bqml_tutorial.met_image_embeddings` WHERE uri IN (SELECT uri FROM vanished);
END IF;
SELECT
  published_images AS published,
  vanished_images AS vanished,
  lost_images AS lost,
  published_images - (SELECT COUNT(*) FROM `demo-project.bqml_tutorial.met_image_embeddings`) AS removed,
  (SELECT COUNT(*) FROM `demo-project.bqml_tutorial.met_image_embeddings` WHERE run_id = @run_id) AS published_now
