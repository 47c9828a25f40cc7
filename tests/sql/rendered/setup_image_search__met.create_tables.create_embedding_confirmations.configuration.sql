-- Vectors that a later listing has confirmed: the generation that they were made from was still in the bucket.
-- Grain: one vector, by its content and the time of the answer. Append-only.
-- What was published before this table existed had been compared with the bucket after it was embedded.
CREATE TABLE IF NOT EXISTS `demo-project.bqml_tutorial.embedding_confirmations`
CLUSTER BY content_hash
AS SELECT DISTINCT content_hash, embedded_at FROM `demo-project.bqml_tutorial.met_image_embeddings`
