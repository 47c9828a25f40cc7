-- Preflight: the model embeds one word (one paid text call), or setup fails here and not at 2 a.m.
ASSERT (
  SELECT {{ collection.model.columns.status }} = ''
  FROM {{ collection.model.function }}(
    MODEL {{ table('multimodal_embedding_model') }},
    (SELECT 'image' AS content),
    {{ collection.model.columns.options(collection.model.dimension) }})
)
AS 'The model did not embed a word. Check the quota of VITRINE_ENDPOINT and the roles of the connection.'
