-- Every answer of the model, good or bad.
-- Grain: one image in one job. Append-only; rows expire after 32 days, so that a whole calendar month is kept.
CREATE TABLE IF NOT EXISTS `demo-project.bqml_tutorial.embedding_attempts` (
  run_id STRING NOT NULL,
  work_order STRING NOT NULL,
  batch_number INT64 NOT NULL,
  model STRING NOT NULL,
  uri STRING NOT NULL,
  content_hash STRING NOT NULL,
  generation INT64,
  content_type STRING,
  size INT64,
  updated TIMESTAMP,
  ml_generate_embedding_result ARRAY<FLOAT64>,
  ml_generate_embedding_status STRING NOT NULL,
  attempted_at TIMESTAMP NOT NULL
)
PARTITION BY DATE(attempted_at)
CLUSTER BY work_order, batch_number, uri
OPTIONS (partition_expiration_days = 32)
