-- Let an image be planned without a batch, see create_embedding_batches. Changes no row.
ALTER TABLE {{ table('embedding_batches') }} ALTER COLUMN batch_number DROP NOT NULL
