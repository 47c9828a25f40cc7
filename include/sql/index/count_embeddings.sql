-- How many images are searchable; decides whether a vector index is possible. Grain: one row.
SELECT COUNT(*) AS row_count FROM {{ table('image_embeddings') }}
