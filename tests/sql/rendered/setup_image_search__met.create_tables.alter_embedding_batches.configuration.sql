-- Add the columns that a table of an earlier version lacks, see create_embedding_batches. Changes no row.
ALTER TABLE `demo-project.bqml_tutorial.embedding_batches`
  ADD COLUMN IF NOT EXISTS generation INT64,
  ADD COLUMN IF NOT EXISTS replaces BOOL
