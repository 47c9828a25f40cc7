-- Embed the images of a batch that have no answer yet, and keep every answer. Grain: one image of the batch.
-- Running it again makes no call for an image that has an answer in this work order, nor for content that was embedded
-- before; a job that failed as a whole counts as no answer. The function accepts an object table with WHERE, ORDER BY
-- and LIMIT only, so the selection is one subquery.
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
    WHERE
      -- Whether an object is an image of ours: by its media type, whatever the case of its letters and its parameters.
LOWER(TRIM(SPLIT(content_type, ';')[SAFE_OFFSET(0)])) IN UNNEST(@content_types)
      AND uri IN (
      SELECT planned.uri
      FROM `demo-project.bqml_tutorial.embedding_batches` AS planned
      WHERE planned.work_order = @work_order
        AND planned.batch_number = @batch_number
        AND NOT EXISTS (
          SELECT 1 FROM `demo-project.bqml_tutorial.embedding_attempts` AS attempt
          WHERE attempt.uri = planned.uri
            AND (
              (
                attempt.work_order = planned.work_order
                AND NOT STARTS_WITH(attempt.ml_generate_embedding_status, @failed_job_prefix))
              OR (
                attempt.content_hash = planned.content_hash
                AND attempt.model = @model
                AND attempt.ml_generate_embedding_status = ''))))
  ),
  STRUCT(TRUE AS flatten_json_output, 1408 AS output_dimensionality))
