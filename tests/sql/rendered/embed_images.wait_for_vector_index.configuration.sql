-- The state of the vector index, as the sensor reads it. Grain: one index (one row, or none before it is created).
SELECT index_status, coverage_percentage, unindexed_row_count, last_refresh_time, disable_reason
FROM `demo-project.bqml_tutorial`.INFORMATION_SCHEMA.VECTOR_INDEXES
WHERE table_name = 'met_image_embeddings'
  AND index_name = 'met_images_index'
