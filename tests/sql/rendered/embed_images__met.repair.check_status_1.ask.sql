-- Ask the model about one image, with the statement that embeds batches. Grain: one image (one row, or none without images).
-- With @was_embedded: one that is searchable, to tell broken images from a broken model. Else one whose content was never embedded,
-- so that the call is not in vain, and preferably one that was not asked about, since it may be broken itself; none while a run
-- has the lease, which may be asking about it. Never one in quarantine. Running it again makes no second call.
INSERT INTO `demo-project.bqml_tutorial.embedding_batches`
  (run_id, pass_number, work_order, batch_number, uri, content_hash, generation, size, updated, replaces, planned_at)
SELECT
  @run_id, 0, @work_order, @batch_number, image.uri, image.content_hash, image.generation, image.size, image.updated,
  published.uri IS NOT NULL, @planned_at
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
LEFT JOIN `demo-project.bqml_tutorial.met_image_embeddings` AS published
  ON published.uri = image.uri AND published.content_hash = image.content_hash AND published.generation = image.generation
LEFT JOIN (
  SELECT content_hash FROM `demo-project.bqml_tutorial.met_image_embeddings`
  UNION DISTINCT
  SELECT content_hash FROM `demo-project.bqml_tutorial.embedding_attempts` WHERE model = @model AND ml_generate_embedding_status = ''
) AS known
  ON known.content_hash = image.content_hash
LEFT JOIN (SELECT DISTINCT uri, content_hash FROM `demo-project.bqml_tutorial.embedding_attempts` WHERE model = @model) AS tried
  ON tried.uri = image.uri AND tried.content_hash = image.content_hash
LEFT JOIN `demo-project.bqml_tutorial.embedding_quarantine` AS quarantined
  ON quarantined.uri = image.uri AND quarantined.content_hash = image.content_hash AND quarantined.model = @model
    AND quarantined.replayed_at IS NULL
WHERE quarantined.uri IS NULL
  AND IF(
    @was_embedded,
    published.uri IS NOT NULL,
    known.content_hash IS NULL
      AND NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.embedding_lease` WHERE expires_at > CURRENT_TIMESTAMP()))
  AND NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.embedding_batches` WHERE work_order = @work_order)
ORDER BY tried.uri IS NULL DESC, image.updated DESC
LIMIT 1;
-- Embed the images of a batch, and keep every answer. Grain: one image of the batch.
-- Running it again makes no call for an image that has an answer in this batch; a job that failed as a whole counts as none.
-- The function accepts an object table with WHERE, ORDER BY and LIMIT only, so each filter is one column of one table.
INSERT INTO `demo-project.bqml_tutorial.embedding_attempts`
  (run_id, work_order, batch_number, model, uri, content_hash, generation, content_type, size, updated,
   ml_generate_embedding_result, ml_generate_embedding_status, attempted_at)
SELECT
  @run_id,
  @work_order,
  @batch_number,
  @model,
  uri,
  COALESCE(md5_hash, CAST(generation AS STRING)),
  generation,
  content_type,
  size,
  updated,
  ml_generate_embedding_result,
  -- A vector of another length would break every search, so it is a failure even if the service reports none.
  IF(
    COALESCE(ml_generate_embedding_status, '') = ''
      AND IFNULL(ARRAY_LENGTH(ml_generate_embedding_result), 0) != @dimension,
    FORMAT('The vector has %d numbers instead of %d.', IFNULL(ARRAY_LENGTH(ml_generate_embedding_result), 0), @dimension),
    COALESCE(ml_generate_embedding_status, '')),
  CURRENT_TIMESTAMP()
FROM ML.GENERATE_EMBEDDING(
  MODEL `demo-project.bqml_tutorial.multimodal_embedding_model`,
  (
    SELECT * FROM `demo-project.bqml_tutorial.met_images`
    WHERE uri IN (
        SELECT uri FROM `demo-project.bqml_tutorial.embedding_batches`
        WHERE planned_at >= @planned_at AND work_order = @work_order AND batch_number = @batch_number)
      AND uri NOT IN (
        SELECT uri FROM `demo-project.bqml_tutorial.embedding_attempts`
        WHERE attempted_at >= @planned_at AND work_order = @work_order AND batch_number = @batch_number
          AND NOT STARTS_WITH(ml_generate_embedding_status, @failed_job_prefix))
  ),
  STRUCT(TRUE AS flatten_json_output, 1408 AS output_dimensionality));
SELECT uri, ml_generate_embedding_status AS status FROM `demo-project.bqml_tutorial.embedding_attempts` WHERE work_order = @work_order
