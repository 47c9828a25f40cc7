-- Take images that are gone, or overwritten with a content in quarantine, out of the searchable table. Grain: one image.
-- A DELETE bills the whole published table, so it runs only when there is something to remove. It counts again: a bucket
-- that was emptied since choose_removal looked takes nothing with it.
DELETE FROM `demo-project.bqml_tutorial.met_image_embeddings` AS published
WHERE NOT EXISTS (
    SELECT 1
    FROM (
      -- The images whose vector may stay searchable. Grain: one image. Included by other statements.
-- In the bucket now, whatever their content type, and not overwritten with a content that is in quarantine: a vector of
-- the old content would find the broken one.
SELECT image.uri
FROM `demo-project.bqml_tutorial.met_images` AS image
WHERE NOT EXISTS (
  SELECT 1 FROM `demo-project.bqml_tutorial.embedding_quarantine` AS quarantined
  WHERE quarantined.uri = image.uri
    AND quarantined.content_hash = COALESCE(image.md5_hash, CAST(image.generation AS STRING))
    AND quarantined.model = @model
    AND quarantined.replayed_at IS NULL)
    ) AS image
    WHERE image.uri = published.uri)
  AND (
    @allow_mass_delete
    OR (
      SELECT vanished <= @max_share * published
      FROM (
        -- How many searchable images are gone: from the bucket, or overwritten with a content in quarantine. Grain: one row.
SELECT
  COUNT(*) AS published,
  COUNTIF(image.uri IS NULL) AS vanished
FROM `demo-project.bqml_tutorial.met_image_embeddings` AS published
LEFT JOIN (
  -- The images whose vector may stay searchable. Grain: one image. Included by other statements.
-- In the bucket now, whatever their content type, and not overwritten with a content that is in quarantine: a vector of
-- the old content would find the broken one.
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
      ) AS counted))
