-- Images that failed for a reason no retry can cure; tried again when their content changes or a person replays them.
-- In quarantine as long as replayed_at is NULL.
-- Grain: one content of one image under one model.
CREATE TABLE IF NOT EXISTS `demo-project.bqml_tutorial.embedding_quarantine` (
  uri STRING NOT NULL,
  content_hash STRING NOT NULL,
  model STRING NOT NULL,
  ml_generate_embedding_status STRING NOT NULL,
  attempts INT64 NOT NULL,
  run_id STRING NOT NULL,
  quarantined_at TIMESTAMP NOT NULL,
  replayed_at TIMESTAMP
)
CLUSTER BY uri
