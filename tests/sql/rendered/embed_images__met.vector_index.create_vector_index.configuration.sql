-- The vector index over the published embeddings; created once, kept fresh by BigQuery.
-- uri is stored so that filters on it apply before the search and results need no join with the table.
CREATE VECTOR INDEX IF NOT EXISTS `met_images_index`
ON `demo-project.bqml_tutorial.met_image_embeddings`(ml_generate_embedding_result)
STORING (uri)
OPTIONS (index_type = 'IVF', distance_type = 'COSINE')
