-- Embed the images of a batch, and keep every answer. Grain: one image of the batch.
-- Running it again makes no call for an image that has an answer in this batch; a job that failed as a whole counts as none.
-- The function accepts an object table with WHERE, ORDER BY and LIMIT only, so each filter is one column of one table.
INSERT INTO {{ table('embedding_attempts') }}
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
  {{ collection.model.columns.result }},
  -- A vector of another length would break every search, so it is a failure even if the service reports none.
  IF(
    COALESCE({{ collection.model.columns.status }}, '') = ''
      AND IFNULL(ARRAY_LENGTH({{ collection.model.columns.result }}), 0) != @dimension,
    FORMAT('The vector has %d numbers instead of %d.', IFNULL(ARRAY_LENGTH({{ collection.model.columns.result }}), 0), @dimension),
    COALESCE({{ collection.model.columns.status }}, '')),
  CURRENT_TIMESTAMP()
FROM {{ collection.model.function }}(
  MODEL {{ table('multimodal_embedding_model') }},
  (
    SELECT * FROM {{ table('images') }}
    WHERE uri IN (
        SELECT uri FROM {{ table('embedding_batches') }}
        WHERE planned_at >= @planned_at AND work_order = @work_order AND batch_number = @batch_number)
      AND uri NOT IN (
        SELECT uri FROM {{ table('embedding_attempts') }}
        WHERE attempted_at >= @planned_at AND work_order = @work_order AND batch_number = @batch_number
          AND NOT STARTS_WITH(ml_generate_embedding_status, @failed_job_prefix))
  ),
  {{ collection.model.columns.options(collection.model.dimension) }})
