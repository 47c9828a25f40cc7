-- The images nearest to a sum of terms: a picture and words, each with a weight, which is negative for what is taken away.
-- Grain: one image. Words whose vector is known are not embedded again, and none are where there is nothing to find.
-- Every term is made of length 1 first, since no page of Google's says that the model does. The sum need not be: cosine
-- distance is between directions.
-- The first row returns the vector that was searched for, the statuses of the words that the model was asked for, and the
-- vectors of those that have one, end to end, so that they are known from then on: even if others were refused and what
-- was found means nothing. A page after the first leaves out the `after` nearest; `nearest` is the distance of the first.
-- Fails if no words were embedded, if the terms cancel out, or if the images were embedded by another model.
SELECT
  base.uri,
  distance,
  IF(ROW_NUMBER() OVER (ORDER BY distance, base.uri) = {{ after + 1 }}, query.ml_generate_embedding_result, NULL) AS vector,
  IF(ROW_NUMBER() OVER (ORDER BY distance, base.uri) = {{ after + 1 }}, query.statuses, NULL) AS statuses,
  IF(ROW_NUMBER() OVER (ORDER BY distance, base.uri) = {{ after + 1 }}, query.words, NULL) AS words,
  MIN(distance) OVER () AS nearest
FROM VECTOR_SEARCH(
  (
    {% include 'pages/select_searchable.sql' %}
  ),
  'ml_generate_embedding_result',
  (
    SELECT
      CASE
        WHEN EXISTS (SELECT 1 FROM {{ table('image_embeddings') }} WHERE model != @model)
          THEN ERROR('The images were embedded by another model than the one in the settings, so words cannot be compared with them.')
        WHEN ARRAY_LENGTH(total) = 0
          THEN ERROR(CONCAT('The words were not embedded: ', ARRAY_TO_STRING(statuses, ' ')))
        WHEN (SELECT SUM(number * number) FROM UNNEST(total) AS number) < 1e-12
          THEN ERROR('These words cancel each other out: nothing is left to search for.')
        ELSE total
      END AS ml_generate_embedding_result,
      statuses,
      words
    FROM (
      SELECT
        ARRAY(
          SELECT SUM(term.factor * number)
          FROM UNNEST(terms) AS term, UNNEST(term.vector) AS number WITH OFFSET AS position
          GROUP BY position
          ORDER BY position
        ) AS total,
        ARRAY(SELECT term.status FROM UNNEST(terms) AS term WHERE term.asked IS NOT NULL ORDER BY term.asked) AS statuses,
        ARRAY(
          SELECT number
          FROM UNNEST(terms) AS term, UNNEST(term.vector) AS number WITH OFFSET AS position
          WHERE term.asked IS NOT NULL
          ORDER BY term.asked, position
        ) AS words
      FROM (
        {% include 'pages/parts/select_terms.sql' %}
      )
    )
  ),
  query_column_to_search => 'ml_generate_embedding_result',
  top_k => {{ after + top_k + 1 }},
  distance_type => 'COSINE',
  options => '{{ vector_search_options(collection.fraction_lists_to_search, use_brute_force) }}')
{% if like -%}
WHERE base.uri != @like
{% endif -%}
ORDER BY distance, base.uri
LIMIT {{ top_k }} OFFSET {{ after }}
