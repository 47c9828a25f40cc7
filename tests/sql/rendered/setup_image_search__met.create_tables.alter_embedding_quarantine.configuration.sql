-- Add the column that a table of an earlier version lacks, see create_embedding_quarantine. Changes no row.
ALTER TABLE `demo-project.bqml_tutorial.embedding_quarantine` ADD COLUMN IF NOT EXISTS replayed_at TIMESTAMP
