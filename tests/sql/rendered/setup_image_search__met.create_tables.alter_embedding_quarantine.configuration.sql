-- Give a table of an earlier version of Vitrine the column that create_embedding_quarantine has gained since. Changes no row.
ALTER TABLE `demo-project.bqml_tutorial.embedding_quarantine` ADD COLUMN IF NOT EXISTS replayed_at TIMESTAMP
