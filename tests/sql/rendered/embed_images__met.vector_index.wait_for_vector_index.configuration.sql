-- The state of the vector index. Grain: one index (one row, or none before it is created).
SELECT
  index_status,
  coverage_percentage,
  unindexed_row_count,
  last_refresh_time,
  disable_reason,
  last_model_build_time,
  last_index_alteration_info.status AS rebuild_status,
  last_index_alteration_info.new_coverage_percentage AS rebuild_coverage,
  last_index_alteration_info.message.message AS rebuild_message
FROM `demo-project.bqml_tutorial`.INFORMATION_SCHEMA.VECTOR_INDEXES
WHERE table_name = 'met_image_embeddings'
  AND index_name = 'met_images_index'
