-- Preflight: the model embeds one word (one paid text call), or setup fails here and not at 2 a.m.
ASSERT (
  SELECT {{ settings.function.status }} = ''
  FROM {{ settings.embedding_function }}(
    MODEL {{ table('multimodal_embedding_model') }},
    (SELECT 'image' AS content),
    {{ settings.function.options(settings.dimension) }})
)
AS 'The model did not embed a word. Check the quota of VITRINE_ENDPOINT and the roles of the connection.'
