-- The images nearest to an image, by its stored vector, without a call to the model. Grain: one image.
-- The nearest image is always the image itself, so search for one more and leave it out. The first row returns the vector
-- that was searched for. A page after the first leaves out the `after` nearest, in an order without ties; `nearest` is
-- the distance of the first of all.
SELECT
  base.uri,
  distance,
  IF(ROW_NUMBER() OVER (ORDER BY distance, base.uri) = {{ after + 1 }}, query.ml_generate_embedding_result, NULL) AS vector,
  MIN(distance) OVER () AS nearest
FROM VECTOR_SEARCH(
  (
    {% include 'pages/select_searchable.sql' %}
  ),
  'ml_generate_embedding_result',
  (SELECT ml_generate_embedding_result FROM {{ table('image_embeddings') }} WHERE uri = @like),
  query_column_to_search => 'ml_generate_embedding_result',
  top_k => {{ after + top_k + 1 }},
  distance_type => 'COSINE',
  options => '{{ vector_search_options(collection.fraction_lists_to_search, use_brute_force) }}')
WHERE base.uri != @like
ORDER BY distance, base.uri
LIMIT {{ top_k }} OFFSET {{ after }}
