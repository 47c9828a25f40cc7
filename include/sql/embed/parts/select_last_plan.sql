-- The first-pass work order that this run carries out: its newest, as a cleared run plans anew.
-- Grain: one image content. Included by write_work_order and count_progress.
SELECT uri, content_hash
FROM {{ table('embedding_batches') }}
WHERE work_order = (
  SELECT work_order
  FROM {{ table('embedding_batches') }}
  WHERE run_id = @run_id AND pass_number = 1
  ORDER BY planned_at DESC
  LIMIT 1)
