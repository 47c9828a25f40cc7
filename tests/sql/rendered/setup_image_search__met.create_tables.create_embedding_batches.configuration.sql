-- The work order: which image is embedded by which batch. Written before any money is spent.
-- Grain: one image of one work order (a work order is one try at planning one pass of one run).
-- Append-only; rows leave after 30 days.
CREATE TABLE IF NOT EXISTS `demo-project.bqml_tutorial.embedding_batches` (
  run_id STRING NOT NULL,
  pass_number INT64 NOT NULL,
  work_order STRING NOT NULL,
  batch_number INT64 NOT NULL,
  uri STRING NOT NULL,
  content_hash STRING NOT NULL,
  size INT64,
  updated TIMESTAMP,
  planned_at TIMESTAMP NOT NULL
)
PARTITION BY DATE(planned_at)
CLUSTER BY run_id, uri
OPTIONS (partition_expiration_days = 30)
