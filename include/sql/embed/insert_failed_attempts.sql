-- Note that the job of a batch failed as a whole. Grain: one image of the batch without an answer in this work order.
-- So the next plan knows to cut the batch in pieces, and the report knows why the image is pending.
INSERT INTO {{ table('embedding_attempts') }}
  (run_id, work_order, batch_number, model, uri, content_hash, size, updated,
   ml_generate_embedding_result, ml_generate_embedding_status, attempted_at)
SELECT run_id, work_order, batch_number, @model, uri, content_hash, size, updated, ARRAY<FLOAT64>[], @status, CURRENT_TIMESTAMP()
FROM {{ table('embedding_batches') }} AS planned
WHERE work_order = @work_order
  AND batch_number = @batch_number
  AND NOT EXISTS (
    SELECT 1 FROM {{ table('embedding_attempts') }} AS attempt
    WHERE attempt.work_order = planned.work_order AND attempt.uri = planned.uri)
