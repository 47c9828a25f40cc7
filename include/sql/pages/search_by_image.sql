-- The images nearest to an image, by its stored vector: the model is not called. Grain: one image.
-- The image itself is always its own nearest, so one more is searched for and it is left out.
SELECT base.uri, distance
FROM VECTOR_SEARCH(
  (
    {% include 'pages/select_searchable.sql' %}
  ),
  'ml_generate_embedding_result',
  (SELECT ml_generate_embedding_result FROM {{ table('image_embeddings') }} WHERE uri = @like),
  query_column_to_search => 'ml_generate_embedding_result',
  top_k => {{ top_k + 1 }},
  distance_type => 'COSINE',
  options => '{{ vector_search_options(collection.fraction_lists_to_search, use_brute_force) }}')
WHERE base.uri != @like
ORDER BY distance, base.uri
LIMIT {{ top_k }}
