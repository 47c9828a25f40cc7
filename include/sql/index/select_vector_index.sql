-- The state of a vector index, of a collection or not. Grain: one index (one row, or none before it is created).
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
FROM `{{ project_id }}.{{ dataset_id }}`.INFORMATION_SCHEMA.VECTOR_INDEXES
WHERE table_name = @table_name AND index_name = @index_name
