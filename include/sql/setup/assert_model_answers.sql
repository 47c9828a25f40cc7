-- Preflight: fail now, not at 2 a.m., unless the model embeds a word (one billed text call).
ASSERT (
  SELECT COALESCE({{ collection.model.columns.status }}, '') = ''
  FROM {{ collection.model.function }}(
    MODEL {{ table('multimodal_embedding_model') }},
    (SELECT 'image' AS content),
    {{ collection.model.columns.options(collection.model.dimension) }})
)
AS 'The model did not embed a word. Check the quota of VITRINE_ENDPOINT and the roles of the connection.'
