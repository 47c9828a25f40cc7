-- The vector index over the published embeddings; created once, kept fresh by BigQuery.
-- uri is stored so that a filter on it is applied before the search and results need no join with the table.
CREATE {{ 'OR REPLACE VECTOR INDEX' if replace is defined else 'VECTOR INDEX IF NOT EXISTS' }} `{{ collection.table_name('images_index') }}`
ON {{ table('image_embeddings') }}(ml_generate_embedding_result)
STORING (uri)
OPTIONS (index_type = '{{ collection.index_type }}', distance_type = 'COSINE')
