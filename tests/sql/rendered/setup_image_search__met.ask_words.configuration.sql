-- Ask the model about words, as a search does. Grain: one row, its status empty when the model has embedded them.
-- Nothing is kept: the call costs less than that of an image.
SELECT COALESCE(ml_generate_embedding_status, '') AS status
FROM ML.GENERATE_EMBEDDING(
  MODEL `demo-project.bqml_tutorial.multimodal_embedding_model`,
  (SELECT 'a photograph' AS content),
  STRUCT(TRUE AS flatten_json_output, 1408 AS output_dimensionality))
