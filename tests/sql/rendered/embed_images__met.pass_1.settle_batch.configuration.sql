-- Publish the good vectors of a batch, so that its images are searchable at once. Grain: one batch (one row).
-- New images are inserted, which bills and locks no published row: the plan knows which are new. The time of the answer tells
-- whether that was done before; it is the narrowest column that does. An UPDATE bills the whole published table, so
-- it runs only if the plan has an image whose vector is replaced. Answers with the progress of the whole work order.
-- Stop unless this run holds the lease of the dataset. Included by other scripts.
IF NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.embedding_lease` WHERE lease_id = @lease_id) THEN
  RAISE USING MESSAGE = (SELECT CONCAT(@lease_lost, ' ', holder, ' has it.') FROM `demo-project.bqml_tutorial.embedding_lease`);
END IF;
INSERT INTO `demo-project.bqml_tutorial.met_image_embeddings`
  (uri, content_hash, generation, content_type, size, updated, model,
   ml_generate_embedding_result, ml_generate_embedding_status, run_id, embedded_at)
SELECT
  attempt.uri, attempt.content_hash, attempt.generation, attempt.content_type, attempt.size, attempt.updated, attempt.model,
  attempt.ml_generate_embedding_result, '', attempt.run_id, attempt.attempted_at
FROM `demo-project.bqml_tutorial.embedding_attempts` AS attempt
INNER JOIN `demo-project.bqml_tutorial.embedding_batches` AS planned ON planned.uri = attempt.uri
WHERE attempt.attempted_at >= @planned_at AND attempt.work_order = @work_order AND attempt.batch_number = @batch_number
  AND planned.planned_at >= @planned_at AND planned.work_order = @work_order AND planned.batch_number = @batch_number
  AND attempt.ml_generate_embedding_status = ''
  AND NOT planned.replaces
  AND attempt.attempted_at NOT IN (SELECT embedded_at FROM `demo-project.bqml_tutorial.met_image_embeddings` WHERE embedded_at >= @planned_at);
IF EXISTS (
  SELECT 1 FROM `demo-project.bqml_tutorial.embedding_batches`
  WHERE planned_at >= @planned_at AND work_order = @work_order AND batch_number = @batch_number AND replaces
) THEN
  UPDATE `demo-project.bqml_tutorial.met_image_embeddings` AS published
  SET
    content_hash = attempt.content_hash,
    generation = attempt.generation,
    content_type = attempt.content_type,
    size = attempt.size,
    updated = attempt.updated,
    model = attempt.model,
    ml_generate_embedding_result = attempt.ml_generate_embedding_result,
    run_id = attempt.run_id,
    embedded_at = attempt.attempted_at
  FROM `demo-project.bqml_tutorial.embedding_attempts` AS attempt
  WHERE attempt.attempted_at >= @planned_at AND attempt.work_order = @work_order AND attempt.batch_number = @batch_number
    AND attempt.ml_generate_embedding_status = ''
    AND attempt.uri = published.uri
    AND attempt.attempted_at > published.embedded_at;
END IF;
SELECT
  (
    SELECT COUNT(*) FROM `demo-project.bqml_tutorial.embedding_batches`
    WHERE planned_at >= @planned_at AND work_order = @work_order AND batch_number IS NOT NULL
  ) AS planned,
  COUNT(*) AS done,
  TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MIN(attempted_at), SECOND) AS seconds
FROM `demo-project.bqml_tutorial.embedding_attempts`
WHERE attempted_at >= @planned_at AND work_order = @work_order
  AND NOT STARTS_WITH(ml_generate_embedding_status, @failed_job_prefix)
