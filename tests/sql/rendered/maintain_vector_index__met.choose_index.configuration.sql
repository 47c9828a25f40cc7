-- How many images are searchable; decides whether a vector index is possible. Grain: one row.
SELECT COUNT(*) AS row_count FROM `demo-project.bqml_tutorial.met_image_embeddings`
