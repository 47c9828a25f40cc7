-- What the saved queries found after each night's run. Grain: one image of one query of one run. Rows leave after 90 days.
CREATE TABLE IF NOT EXISTS `demo-project.bqml_tutorial.saved_search_results` (
  run_id STRING NOT NULL,
  query STRING NOT NULL,
  rank INT64 NOT NULL,
  gcs_uri STRING NOT NULL,
  distance FLOAT64 NOT NULL,
  searched_at TIMESTAMP NOT NULL
)
PARTITION BY DATE(searched_at)
CLUSTER BY run_id
OPTIONS (partition_expiration_days = 90)
