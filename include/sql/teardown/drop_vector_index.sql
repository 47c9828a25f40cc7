-- Drop the vector index. Grain: one index. What it was trained on goes with it; BigQuery trains another in hours.
DROP VECTOR INDEX IF EXISTS `{{ collection.table_name('images_index') }}` ON {{ table('image_embeddings') }}
