-- Find pictures that are nearly the same as those published since the last time, in one search for all of them.
-- Grain: one run (one row): images searched for, pairs it has found, images that are left to later runs.
-- New is an image whose content has no row with itself yet, so what a failed run has missed is made up for, newest first, at
-- most a wave at once. Pairs whose images are gone, or hold something else by now, go first.
-- The bounds of the names let BigQuery skip the blocks of the table, which is clustered by uri, that hold no new image.
-- Running it again finds nothing new and leaves the same rows.
DECLARE first_uri, last_uri STRING;
-- Hold the lease a while longer, or stop: another Airflow has taken it. Included by other scripts.
UPDATE `demo-project.bqml_tutorial.embedding_lease`
SET expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @lease_minutes MINUTE)
WHERE lease_id = @lease_id;
-- Stop unless this run holds the lease of the dataset. Included by other scripts.
IF NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.embedding_lease` WHERE lease_id = @lease_id) THEN
  RAISE USING MESSAGE = (SELECT CONCAT(@lease_lost, ' ', holder, ' has it.') FROM `demo-project.bqml_tutorial.embedding_lease`);
END IF;
-- Pictures that are nearly the same, found by embed_images for the images that it publishes.
-- Grain: one pair of images, the first by its uri in front (uri < near_uri); and each image that has been searched for with
-- itself (uri = near_uri, distance 0). content_hash, near_content_hash: what the two held; a pair is only good for these contents.
CREATE TABLE IF NOT EXISTS `demo-project.bqml_tutorial.near_duplicates` (
  uri STRING NOT NULL,
  content_hash STRING NOT NULL,
  near_uri STRING NOT NULL,
  near_content_hash STRING NOT NULL,
  distance FLOAT64 NOT NULL,
  model STRING NOT NULL,
  run_id STRING NOT NULL,
  found_at TIMESTAMP NOT NULL
)
CLUSTER BY uri;
DELETE FROM `demo-project.bqml_tutorial.near_duplicates` AS pair
WHERE NOT EXISTS (
    SELECT 1 FROM `demo-project.bqml_tutorial.met_image_embeddings` AS published
    WHERE published.uri = pair.uri AND published.content_hash = pair.content_hash)
  OR NOT EXISTS (
    SELECT 1 FROM `demo-project.bqml_tutorial.met_image_embeddings` AS published
    WHERE published.uri = pair.near_uri AND published.content_hash = pair.near_content_hash);
CREATE TEMP TABLE new_images AS
SELECT published.uri
FROM `demo-project.bqml_tutorial.met_image_embeddings` AS published
LEFT JOIN `demo-project.bqml_tutorial.near_duplicates` AS itself ON itself.uri = published.uri AND itself.near_uri = published.uri
WHERE itself.uri IS NULL
ORDER BY published.embedded_at DESC, published.uri
LIMIT 216000;
SET first_uri = (SELECT MIN(uri) FROM new_images);
SET last_uri = (SELECT MAX(uri) FROM new_images);
IF first_uri IS NOT NULL THEN
  INSERT INTO `demo-project.bqml_tutorial.near_duplicates`
    (uri, content_hash, near_uri, near_content_hash, distance, model, run_id, found_at)
  SELECT
    pair.uri, image.content_hash, pair.near_uri, near_image.content_hash, pair.distance, @model, @run_id, CURRENT_TIMESTAMP()
  FROM (
    SELECT uri, near_uri, MIN(distance) AS distance
    FROM (
      SELECT LEAST(query.uri, base.uri) AS uri, GREATEST(query.uri, base.uri) AS near_uri, distance
      FROM VECTOR_SEARCH(
        (SELECT uri, ml_generate_embedding_result FROM `demo-project.bqml_tutorial.met_image_embeddings`),
        'ml_generate_embedding_result',
        (
          SELECT uri, ml_generate_embedding_result FROM `demo-project.bqml_tutorial.met_image_embeddings`
          WHERE uri >= first_uri AND uri <= last_uri AND uri IN (SELECT uri FROM new_images)
        ),
        query_column_to_search => 'ml_generate_embedding_result',
        top_k => 10,
        distance_type => 'COSINE',
        options => '{}')
      WHERE query.uri != base.uri AND distance <= @duplicate_distance
      UNION ALL
      SELECT uri, uri, 0.0 FROM new_images
    )
    GROUP BY uri, near_uri
  ) AS pair
  INNER JOIN `demo-project.bqml_tutorial.met_image_embeddings` AS image ON image.uri = pair.uri
  INNER JOIN `demo-project.bqml_tutorial.met_image_embeddings` AS near_image ON near_image.uri = pair.near_uri
  LEFT JOIN `demo-project.bqml_tutorial.near_duplicates` AS known ON known.uri = pair.uri AND known.near_uri = pair.near_uri
  WHERE known.uri IS NULL;
END IF;
SELECT
  (SELECT COUNT(*) FROM new_images) AS images,
  (SELECT COUNT(*) FROM `demo-project.bqml_tutorial.near_duplicates` WHERE run_id = @run_id AND uri != near_uri) AS pairs,
  (SELECT COUNT(*) FROM `demo-project.bqml_tutorial.met_image_embeddings`)
    - (SELECT COUNT(*) FROM `demo-project.bqml_tutorial.near_duplicates` WHERE uri = near_uri) AS remaining
