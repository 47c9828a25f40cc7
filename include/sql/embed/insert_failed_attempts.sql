-- Record that the job of a batch failed as a whole. Grain: one image of the batch without an answer in this work order.
-- The next plan then splits the batch into pieces, and the report can say why the image is pending.
INSERT INTO {{ table('embedding_attempts') }}
  (run_id, work_order, batch_number, model, uri, content_hash, generation, size, updated,
   ml_generate_embedding_result, ml_generate_embedding_status, attempted_at)
SELECT
  run_id, work_order, batch_number, @model, uri, content_hash, generation, size, updated, ARRAY<FLOAT64>[], @status, CURRENT_TIMESTAMP()
FROM {{ table('embedding_batches') }} AS planned
WHERE planned_at >= @planned_at AND work_order = @work_order AND batch_number = @batch_number
  AND NOT EXISTS (
    SELECT 1 FROM {{ table('embedding_attempts') }} AS attempt
    WHERE attempt.attempted_at >= @planned_at AND attempt.work_order = planned.work_order AND attempt.uri = planned.uri)
