-- Drop the vector index. Grain: one index. What it was trained on goes with it; BigQuery trains another in hours.
DROP VECTOR INDEX IF EXISTS `met_images_index` ON `demo-project.bqml_tutorial.met_image_embeddings`
