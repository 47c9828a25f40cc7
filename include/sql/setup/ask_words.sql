-- Ask the model about words, as a search does. Grain: one row, its status empty when the model has embedded them.
-- Nothing is kept: the call costs less than that of an image.
SELECT COALESCE({{ collection.model.columns.status }}, '') AS status
FROM {{ collection.model.function }}(
  MODEL {{ table('multimodal_embedding_model') }},
  (SELECT 'a photograph' AS content),
  {{ collection.model.columns.options(collection.model.dimension) }})
