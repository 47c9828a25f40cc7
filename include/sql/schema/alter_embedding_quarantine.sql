-- Add the column that a table of an earlier version lacks, see create_embedding_quarantine. Changes no row.
ALTER TABLE {{ table('embedding_quarantine') }} ADD COLUMN IF NOT EXISTS replayed_at TIMESTAMP
