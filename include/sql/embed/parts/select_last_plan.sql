-- The first-pass work order that this run carries out: its newest, since a cleared run plans again.
-- Grain: one image content. Included by plan_batches and count_progress.
SELECT uri, content_hash
FROM {{ table('embedding_batches') }}
WHERE work_order = (
  SELECT work_order
  FROM {{ table('embedding_batches') }}
  WHERE run_id = @run_id AND pass_number = 1
  ORDER BY planned_at DESC
  LIMIT 1)
