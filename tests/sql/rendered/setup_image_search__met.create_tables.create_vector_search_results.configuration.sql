-- What each search found. Grain: one image of one search; rank 1 is the nearest. Rows leave after 90 days.
CREATE TABLE IF NOT EXISTS `demo-project.bqml_tutorial.vector_search_results` (
  search_id STRING NOT NULL,
  rank INT64 NOT NULL,
  gcs_uri STRING NOT NULL,
  distance FLOAT64 NOT NULL,
  searched_at TIMESTAMP NOT NULL
)
PARTITION BY DATE(searched_at)
CLUSTER BY search_id
OPTIONS (partition_expiration_days = 90)
