-- The model and the tables of one profile of the first edition; {suffix} is '' for the nameless one, else '_' and its name.
CREATE OR REPLACE MODEL `demo-project.{dataset}.multimodal_embedding_model{suffix}`
REMOTE WITH CONNECTION `demo-project.us.vitrine`
OPTIONS (ENDPOINT = 'multimodalembedding@001');
CREATE TABLE IF NOT EXISTS `demo-project.{dataset}.embedding_attempts{suffix}` (
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
CLUSTER BY uri
OPTIONS (partition_expiration_days = 32);
CREATE TABLE IF NOT EXISTS `demo-project.{dataset}.embedding_batches{suffix}` (
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
OPTIONS (partition_expiration_days = 30);
CREATE TABLE IF NOT EXISTS `demo-project.{dataset}.embedding_quarantine{suffix}` (
  uri STRING NOT NULL,
  content_hash STRING NOT NULL,
  model STRING NOT NULL,
  ml_generate_embedding_status STRING NOT NULL,
  attempts INT64 NOT NULL,
  run_id STRING NOT NULL,
  quarantined_at TIMESTAMP NOT NULL,
  replayed_at TIMESTAMP
)
CLUSTER BY uri;
CREATE TABLE IF NOT EXISTS `demo-project.{dataset}.embedding_runs{suffix}` (
  run_id STRING NOT NULL,
  planned INT64 NOT NULL,
  published INT64 NOT NULL,
  quarantined INT64 NOT NULL,
  vanished INT64 NOT NULL,
  pending INT64 NOT NULL,
  removed INT64 NOT NULL,
  ignored INT64 NOT NULL,
  passes INT64 NOT NULL,
  complete BOOL NOT NULL,
  vector_index STRING NOT NULL,
  started_at TIMESTAMP NOT NULL,
  reported_at TIMESTAMP NOT NULL,
  deferred INT64,
  deferred_reason STRING,
  attempts INT64,
  bytes INT64,
  cost_usd FLOAT64,
  outcome STRING,
  data_interval_start TIMESTAMP,
  data_interval_end TIMESTAMP
);
CREATE TABLE IF NOT EXISTS `demo-project.{dataset}.index_health{suffix}` (
  run_id STRING NOT NULL,
  rebuilt BOOL NOT NULL,
  model STRING NOT NULL,
  vector_index STRING NOT NULL,
  drift FLOAT64,
  top_k INT64 NOT NULL,
  fraction_lists_to_search FLOAT64,
  image_queries INT64 NOT NULL,
  image_recall FLOAT64,
  word_queries INT64 NOT NULL,
  word_recall FLOAT64,
  measured_at TIMESTAMP NOT NULL
);
CREATE TABLE IF NOT EXISTS `demo-project.{dataset}.met_image_embeddings{suffix}` (
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
CLUSTER BY uri;
CREATE TABLE IF NOT EXISTS `demo-project.{dataset}.saved_search_results{suffix}` (
  run_id STRING NOT NULL,
  query STRING NOT NULL,
  rank INT64 NOT NULL,
  gcs_uri STRING NOT NULL,
  distance FLOAT64 NOT NULL,
  searched_at TIMESTAMP NOT NULL
)
PARTITION BY DATE(searched_at)
CLUSTER BY run_id
OPTIONS (partition_expiration_days = 90);
CREATE TABLE IF NOT EXISTS `demo-project.{dataset}.search_embedding{suffix}` (
  search_id STRING NOT NULL,
  content STRING NOT NULL,
  model STRING NOT NULL,
  ml_generate_embedding_result ARRAY<FLOAT64>,
  ml_generate_embedding_status STRING NOT NULL,
  created_at TIMESTAMP NOT NULL
)
PARTITION BY DATE(created_at)
CLUSTER BY search_id
OPTIONS (partition_expiration_days = 90);
CREATE TABLE IF NOT EXISTS `demo-project.{dataset}.vector_search_results{suffix}` (
  search_id STRING NOT NULL,
  rank INT64 NOT NULL,
  gcs_uri STRING NOT NULL,
  distance FLOAT64 NOT NULL,
  searched_at TIMESTAMP NOT NULL
)
PARTITION BY DATE(searched_at)
CLUSTER BY search_id
OPTIONS (partition_expiration_days = 90);
ALTER TABLE `demo-project.{dataset}.embedding_attempts{suffix}` SET OPTIONS (partition_expiration_days = 32);
ALTER TABLE `demo-project.{dataset}.embedding_quarantine{suffix}` ADD COLUMN IF NOT EXISTS replayed_at TIMESTAMP;
ALTER TABLE `demo-project.{dataset}.embedding_runs{suffix}`
  ADD COLUMN IF NOT EXISTS deferred INT64,
  ADD COLUMN IF NOT EXISTS deferred_reason STRING,
  ADD COLUMN IF NOT EXISTS attempts INT64,
  ADD COLUMN IF NOT EXISTS bytes INT64,
  ADD COLUMN IF NOT EXISTS cost_usd FLOAT64,
  ADD COLUMN IF NOT EXISTS outcome STRING,
  ADD COLUMN IF NOT EXISTS data_interval_start TIMESTAMP,
  ADD COLUMN IF NOT EXISTS data_interval_end TIMESTAMP;
