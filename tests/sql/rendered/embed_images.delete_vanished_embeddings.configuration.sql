-- Take images that are no longer in the bucket out of the searchable table. Grain: one image.
-- A DELETE bills the whole published table, so it runs only when there is something to remove. It counts again: a bucket
-- that was emptied since choose_removal looked takes nothing with it.
DELETE FROM `demo-project.bqml_tutorial.met_image_embeddings` AS published
WHERE NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.met_images` AS image WHERE image.uri = published.uri)
  AND (
    @allow_mass_delete
    OR (
      SELECT vanished <= @max_share * published
      FROM (
        -- How many searchable images are no longer in the bucket, whatever their content type. Grain: one row.
SELECT
  COUNT(*) AS published,
  COUNTIF(image.uri IS NULL) AS vanished
FROM `demo-project.bqml_tutorial.met_image_embeddings` AS published
LEFT JOIN `demo-project.bqml_tutorial.met_images` AS image
  ON image.uri = published.uri
      ) AS counted))
