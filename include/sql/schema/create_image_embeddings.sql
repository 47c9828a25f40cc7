-- The clean table that is searched; it carries the vector index, so nothing ever replaces it.
-- Grain: one image. Its status is always '': write to attempts, audit, then publish here.
CREATE TABLE IF NOT EXISTS {{ table('image_embeddings') }} (
  uri STRING NOT NULL,
  content_hash STRING NOT NULL,
  generation INT64,
  content_type STRING,
  size INT64,
  updated TIMESTAMP,
  model STRING NOT NULL,
  ml_generate_embedding_result ARRAY<FLOAT64>,
  ml_generate_embedding_status STRING NOT NULL,
  run_id STRING NOT NULL,
  embedded_at TIMESTAMP NOT NULL
)
CLUSTER BY uri
