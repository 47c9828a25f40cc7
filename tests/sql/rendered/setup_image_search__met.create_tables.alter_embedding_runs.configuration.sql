-- Give a table of an earlier version of Vitrine the columns that create_embedding_runs has gained since. Changes no row.
ALTER TABLE `demo-project.bqml_tutorial.embedding_runs`
  ADD COLUMN IF NOT EXISTS deferred INT64,
  ADD COLUMN IF NOT EXISTS deferred_reason STRING,
  ADD COLUMN IF NOT EXISTS attempts INT64,
  ADD COLUMN IF NOT EXISTS bytes INT64,
  ADD COLUMN IF NOT EXISTS cost_usd FLOAT64,
  ADD COLUMN IF NOT EXISTS outcome STRING,
  ADD COLUMN IF NOT EXISTS data_interval_start TIMESTAMP,
  ADD COLUMN IF NOT EXISTS data_interval_end TIMESTAMP
