-- Remove images from the searchable table that are gone, or overwritten with content in quarantine. Grain: one image.
-- A DELETE bills the whole published table, so it runs only if there is something to remove. It counts again, so that a
-- bucket that was emptied after choose_removal counted removes nothing.
DELETE FROM `demo-project.bqml_tutorial.met_image_embeddings` AS published
WHERE NOT EXISTS (
    SELECT 1
    FROM (
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
    WHERE image.uri = published.uri)
  AND (
    @allow_mass_delete
    OR (
      SELECT vanished <= @max_share * published
      FROM (
        -- Searchable images that are gone from the bucket, or overwritten with content that is in quarantine. Grain: one row.
SELECT
  COUNT(*) AS published,
  COUNTIF(image.uri IS NULL) AS vanished
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
      ) AS counted))
