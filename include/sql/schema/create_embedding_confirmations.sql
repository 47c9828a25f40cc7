-- Vectors that a later listing has confirmed: the generation that they were made from was still in the bucket.
-- Grain: one vector, by its content and the time of the answer. Append-only.
-- What was published before this table existed had been compared with the bucket after it was embedded.
CREATE TABLE IF NOT EXISTS {{ table('embedding_confirmations') }}
CLUSTER BY content_hash
AS SELECT DISTINCT content_hash, embedded_at FROM {{ table('image_embeddings') }}
