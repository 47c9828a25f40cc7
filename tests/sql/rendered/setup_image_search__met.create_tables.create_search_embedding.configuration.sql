-- The embedded words of each search. Grain: one try at embedding the words of one search; one has the status ''. Rows leave after 90 days.
CREATE TABLE IF NOT EXISTS `demo-project.bqml_tutorial.search_embedding` (
  search_id STRING NOT NULL,
  content STRING NOT NULL,
  model STRING NOT NULL,
  ml_generate_embedding_result ARRAY<FLOAT64>,
  ml_generate_embedding_status STRING NOT NULL,
  created_at TIMESTAMP NOT NULL
)
PARTITION BY DATE(created_at)
CLUSTER BY search_id
OPTIONS (partition_expiration_days = 90)
