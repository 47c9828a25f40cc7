-- Add the columns that a table of an earlier version lacks, see create_embedding_runs. Changes no row.
ALTER TABLE `demo-project.bqml_tutorial.embedding_runs`
  ADD COLUMN IF NOT EXISTS deferred INT64,
  ADD COLUMN IF NOT EXISTS deferred_reason STRING,
  ADD COLUMN IF NOT EXISTS attempts INT64,
  ADD COLUMN IF NOT EXISTS bytes INT64,
  ADD COLUMN IF NOT EXISTS cost_usd FLOAT64,
  ADD COLUMN IF NOT EXISTS outcome STRING,
  ADD COLUMN IF NOT EXISTS data_interval_start TIMESTAMP,
  ADD COLUMN IF NOT EXISTS data_interval_end TIMESTAMP,
  ADD COLUMN IF NOT EXISTS changed INT64,
  ADD COLUMN IF NOT EXISTS calls_in_vain INT64,
  ADD COLUMN IF NOT EXISTS jobs INT64,
  ADD COLUMN IF NOT EXISTS bytes_billed INT64,
  ADD COLUMN IF NOT EXISTS stages ARRAY<STRUCT<stage STRING, jobs INT64, bytes_billed INT64, calls INT64, calls_in_vain INT64>>,
  ADD COLUMN IF NOT EXISTS reason STRING,
  ADD COLUMN IF NOT EXISTS failures ARRAY<STRUCT<place STRING, status STRING, images INT64>>
