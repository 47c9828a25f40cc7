-- Preflight: fail now, not at 2 a.m., unless the model embeds a word (one billed text call).
ASSERT (
  SELECT COALESCE(ml_generate_embedding_status, '') = ''
  FROM ML.GENERATE_EMBEDDING(
    MODEL `demo-project.bqml_tutorial.multimodal_embedding_model`,
    (SELECT 'image' AS content),
    STRUCT(TRUE AS flatten_json_output, 1408 AS output_dimensionality))
)
AS 'The model did not embed a word. Check the quota of VITRINE_ENDPOINT and the roles of the connection.'
