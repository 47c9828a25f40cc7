-- Let an image be planned without a batch, see create_embedding_batches. Changes no row.
ALTER TABLE `demo-project.bqml_tutorial.embedding_batches` ALTER COLUMN batch_number DROP NOT NULL
