-- Publish images whose vector is known, without a call. Included by plan_batches and check_pass.
-- Known is what a run has embedded and not published, and the confirmed vector of the same content under another name or
-- generation. Leaves the table `unpublished`, and `known`, the images published from it. Keys only; vectors are read if needed.
CREATE OR REPLACE TEMP TABLE unpublished AS
{% include 'embed/parts/select_unpublished_images.sql' %};
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
  FROM {{ table('embedding_attempts') }} AS attempt
  LEFT JOIN {{ table('embedding_confirmations') }} AS confirmed
    ON confirmed.content_hash = attempt.content_hash AND confirmed.embedded_at = attempt.attempted_at
  WHERE attempt.model = @model AND attempt.ml_generate_embedding_status = ''
  UNION ALL
  SELECT published.uri, published.content_hash, published.generation, published.embedded_at, TRUE
  FROM {{ table('image_embeddings') }} AS published
  INNER JOIN {{ table('embedding_confirmations') }} AS confirmed
    ON confirmed.content_hash = published.content_hash AND confirmed.embedded_at = published.embedded_at
) AS vector
  ON vector.content_hash = image.content_hash
WHERE vector.is_confirmed OR (vector.uri = image.uri AND vector.generation = image.generation)
GROUP BY image.uri, image.content_hash, image.generation, image.content_type, image.size, image.updated;
IF EXISTS (SELECT 1 FROM known) AND NOT @dry_run THEN
  MERGE {{ table('image_embeddings') }} AS published
  USING (
    SELECT known.*, vector.ml_generate_embedding_result
    FROM known
    INNER JOIN (
      SELECT content_hash, embedded_at, ANY_VALUE(ml_generate_embedding_result) AS ml_generate_embedding_result
      FROM (
        SELECT content_hash, attempted_at AS embedded_at, ml_generate_embedding_result
        FROM {{ table('embedding_attempts') }}
        WHERE model = @model AND ml_generate_embedding_status = ''
        UNION ALL
        SELECT content_hash, embedded_at, ml_generate_embedding_result FROM {{ table('image_embeddings') }}
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
