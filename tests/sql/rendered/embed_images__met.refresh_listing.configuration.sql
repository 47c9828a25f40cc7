-- List the bucket. Grain: one image. Every other statement reads this listing, not the bucket.
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
