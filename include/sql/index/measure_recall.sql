-- How many of the nearest images searches find with the vector index. Grain: one share of its lists (level) and one kind of query.
-- Level 0 is the exact search, the truth; level 1 what every search of ours does; the others show what more lists would bring.
-- Queries are a sample of the images, each looking for others than itself, and the words that search_images has embedded lately:
-- the model is not called. An image counts as found when it is as near as the farthest of the exact ones (the tolerance is
-- for the last digits), since images with the same vector stand in for each other.
WITH sample AS (
  SELECT 'image' AS kind, uri AS name, ml_generate_embedding_result
  FROM {{ table('image_embeddings') }}
  WHERE uri IN (
    SELECT uri FROM {{ table('image_embeddings') }}
    WHERE TRUE  -- QUALIFY wants a WHERE beside it
    QUALIFY ROW_NUMBER() OVER (ORDER BY FARM_FINGERPRINT(CONCAT(@run_id, uri))) <= @queries)
  UNION ALL
  SELECT 'word', content, vector FROM (
    SELECT content, ANY_VALUE(ml_generate_embedding_result) AS vector
    FROM {{ table('search_embedding') }}
    WHERE model = @model AND ml_generate_embedding_status = ''
    GROUP BY content
    QUALIFY ROW_NUMBER() OVER (ORDER BY FARM_FINGERPRINT(CONCAT(@run_id, content))) <= @queries)
), found AS (
  {% for options in measured_options -%}
  {{ 'UNION ALL' if not loop.first }}
  SELECT {{ loop.index0 }} AS level, query.kind, query.name, base.uri, distance
  FROM VECTOR_SEARCH(
    (SELECT uri, ml_generate_embedding_result FROM {{ table('image_embeddings') }}),
    'ml_generate_embedding_result',
    (SELECT * FROM sample),
    query_column_to_search => 'ml_generate_embedding_result',
    top_k => {{ params.top_k + 1 }},
    distance_type => 'COSINE',
    options => '{{ options }}')
  {% endfor %}
), neighbours AS (
  SELECT level, kind, name, distance FROM found
  WHERE kind = 'word' OR uri != name
  QUALIFY ROW_NUMBER() OVER (PARTITION BY level, kind, name ORDER BY distance) <= @top_k
), truth AS (
  SELECT kind, name, COUNT(*) AS images, MAX(distance) AS farthest FROM neighbours WHERE level = 0 GROUP BY kind, name
), searches AS (
  SELECT level, kind, name, images, COUNTIF(neighbours.distance <= farthest + 1e-6) AS hits
  FROM truth
  CROSS JOIN UNNEST(GENERATE_ARRAY(1, {{ measured_options | length - 1 }})) AS level
  LEFT JOIN neighbours USING (level, kind, name)
  GROUP BY level, kind, name, images
)
SELECT level, kind, COUNT(*) AS queries, AVG(hits / images) AS recall
FROM searches
GROUP BY level, kind
ORDER BY level, kind
