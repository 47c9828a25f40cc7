-- The measurements of maintain_vector_index. Grain: one measurement: run_id and rebuilt, since a run that rebuilds the
-- index measures before and after. vector_index: its state as a sentence.
-- image_recall, word_recall: share of the top_k nearest images that searches by image, or by words, find with the index;
-- NULL if the index was not in use or there were no searches. drift: 0 to 1, NULL if BigQuery reports none.
-- fraction_lists_to_search: the share that every search scans; NULL if BigQuery decides.
CREATE TABLE IF NOT EXISTS `demo-project.bqml_tutorial.index_health` (
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
)
