-- The images nearest to words, in one round trip: embeds the words in the same statement. Grain: one image.
-- Words whose vector is known are not embedded again, and none are where there is nothing to find. The first row returns
-- the vector, so that it is known from then on. A page after the first leaves out the `after` nearest, in an order
-- without ties; `nearest` is the distance of the first of all.
-- Fails with the reason if the words cannot be embedded, or if the images were embedded by another model.
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
  (
    SELECT CASE
      WHEN EXISTS (SELECT 1 FROM {{ table('image_embeddings') }} WHERE model != @model)
        THEN ERROR('The images were embedded by another model than the one in the settings, so words cannot be compared with them.')
      {% if is_embedded -%}
      ELSE @words
      END AS ml_generate_embedding_result
      {%- else -%}
      WHEN COALESCE({{ collection.model.columns.status }}, '') != ''
        THEN ERROR(CONCAT('The words were not embedded: ', {{ collection.model.columns.status }}))
      ELSE {{ collection.model.columns.result }}
      END AS ml_generate_embedding_result
    FROM {{ collection.model.function }}(
      MODEL {{ table('multimodal_embedding_model') }},
      (
        SELECT content
        FROM UNNEST([@query]) AS content
        WHERE EXISTS (
          {% include 'pages/select_searchable.sql' %}
        )
      ),
      {{ collection.model.columns.options(collection.model.dimension) }})
      {%- endif %}
  ),
  query_column_to_search => 'ml_generate_embedding_result',
  top_k => {{ after + top_k }},
  distance_type => 'COSINE',
  options => '{{ vector_search_options(collection.fraction_lists_to_search, use_brute_force) }}')
ORDER BY distance, base.uri
LIMIT {{ top_k }} OFFSET {{ after }}
