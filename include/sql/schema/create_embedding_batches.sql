-- The work orders: which batch embeds which image. Written before any money is spent.
-- Grain: one image of one work order (a work order is one attempt to plan one pass of one run).
-- batch_number: NULL for an image whose content another image of the work order has; its vector is for both.
-- replaces: another vector is searchable under this uri. Append-only; rows expire after 30 days.
CREATE TABLE IF NOT EXISTS {{ table('embedding_batches') }} (
  run_id STRING NOT NULL,
  pass_number INT64 NOT NULL,
  work_order STRING NOT NULL,
  batch_number INT64,
  uri STRING NOT NULL,
  content_hash STRING NOT NULL,
  generation INT64,
  size INT64,
  updated TIMESTAMP,
  replaces BOOL,
  planned_at TIMESTAMP NOT NULL
)
PARTITION BY DATE(planned_at)
CLUSTER BY work_order, batch_number, uri
OPTIONS (partition_expiration_days = 30)
