-- What maintain_vector_index has measured. Grain: one measurement: run_id and rebuilt, since a run that rebuilds the index
-- measures before and after. vector_index: its state in words.
-- image_recall, word_recall: share of the top_k nearest images that searches from an image, or from words, find with the
-- index; NULL when it was not in use or nobody has searched. drift: 0 to 1, NULL when BigQuery does not tell.
-- fraction_lists_to_search: that of every search; NULL when BigQuery decides.
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
