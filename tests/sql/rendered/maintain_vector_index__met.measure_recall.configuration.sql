-- Share of the nearest images that searches with the vector index find. Grain: one share of its lists (level) and kind of query.
-- Level 0 is the exact search, the truth; level 1 is what every search does; the others show what more lists would gain.
-- Queries are a sample of the images, each looking for images other than itself, and of the words that search_images has
-- embedded lately, so the model is not called. An image counts as found if it is as near as the farthest of the exact
-- results (with a tolerance for the last digits), since images with the same vector are interchangeable.
WITH sample AS (
  SELECT 'image' AS kind, uri AS name, ml_generate_embedding_result
  FROM `demo-project.bqml_tutorial.met_image_embeddings`
  WHERE uri IN (
    SELECT uri FROM `demo-project.bqml_tutorial.met_image_embeddings`
    WHERE TRUE  -- QUALIFY needs a WHERE, GROUP BY or HAVING
    QUALIFY ROW_NUMBER() OVER (ORDER BY FARM_FINGERPRINT(CONCAT(@run_id, uri))) <= @queries)
  UNION ALL
  SELECT 'word', content, vector FROM (
    SELECT content, ANY_VALUE(ml_generate_embedding_result) AS vector
    FROM `demo-project.bqml_tutorial.search_embedding`
    WHERE model = @model AND ml_generate_embedding_status = ''
    GROUP BY content
    QUALIFY ROW_NUMBER() OVER (ORDER BY FARM_FINGERPRINT(CONCAT(@run_id, content))) <= @queries)
), found AS (
  
  SELECT 0 AS level, query.kind, query.name, base.uri, distance
  FROM VECTOR_SEARCH(
    (SELECT uri, ml_generate_embedding_result FROM `demo-project.bqml_tutorial.met_image_embeddings`),
    'ml_generate_embedding_result',
    (SELECT * FROM sample),
    query_column_to_search => 'ml_generate_embedding_result',
    top_k => 11,
    distance_type => 'COSINE',
    options => '{"use_brute_force": true}')
  UNION ALL
  SELECT 1 AS level, query.kind, query.name, base.uri, distance
  FROM VECTOR_SEARCH(
    (SELECT uri, ml_generate_embedding_result FROM `demo-project.bqml_tutorial.met_image_embeddings`),
    'ml_generate_embedding_result',
    (SELECT * FROM sample),
    query_column_to_search => 'ml_generate_embedding_result',
    top_k => 11,
    distance_type => 'COSINE',
    options => '{}')
  UNION ALL
  SELECT 2 AS level, query.kind, query.name, base.uri, distance
  FROM VECTOR_SEARCH(
    (SELECT uri, ml_generate_embedding_result FROM `demo-project.bqml_tutorial.met_image_embeddings`),
    'ml_generate_embedding_result',
    (SELECT * FROM sample),
    query_column_to_search => 'ml_generate_embedding_result',
    top_k => 11,
    distance_type => 'COSINE',
    options => '{"fraction_lists_to_search": 0.01}')
  UNION ALL
  SELECT 3 AS level, query.kind, query.name, base.uri, distance
  FROM VECTOR_SEARCH(
    (SELECT uri, ml_generate_embedding_result FROM `demo-project.bqml_tutorial.met_image_embeddings`),
    'ml_generate_embedding_result',
    (SELECT * FROM sample),
    query_column_to_search => 'ml_generate_embedding_result',
    top_k => 11,
    distance_type => 'COSINE',
    options => '{"fraction_lists_to_search": 0.05}')
  UNION ALL
  SELECT 4 AS level, query.kind, query.name, base.uri, distance
  FROM VECTOR_SEARCH(
    (SELECT uri, ml_generate_embedding_result FROM `demo-project.bqml_tutorial.met_image_embeddings`),
    'ml_generate_embedding_result',
    (SELECT * FROM sample),
    query_column_to_search => 'ml_generate_embedding_result',
    top_k => 11,
    distance_type => 'COSINE',
    options => '{"fraction_lists_to_search": 0.1}')
  UNION ALL
  SELECT 5 AS level, query.kind, query.name, base.uri, distance
  FROM VECTOR_SEARCH(
    (SELECT uri, ml_generate_embedding_result FROM `demo-project.bqml_tutorial.met_image_embeddings`),
    'ml_generate_embedding_result',
    (SELECT * FROM sample),
    query_column_to_search => 'ml_generate_embedding_result',
    top_k => 11,
    distance_type => 'COSINE',
    options => '{"fraction_lists_to_search": 0.25}')
  UNION ALL
  SELECT 6 AS level, query.kind, query.name, base.uri, distance
  FROM VECTOR_SEARCH(
    (SELECT uri, ml_generate_embedding_result FROM `demo-project.bqml_tutorial.met_image_embeddings`),
    'ml_generate_embedding_result',
    (SELECT * FROM sample),
    query_column_to_search => 'ml_generate_embedding_result',
    top_k => 11,
    distance_type => 'COSINE',
    options => '{"fraction_lists_to_search": 0.5}')
  
), neighbours AS (
  SELECT level, kind, name, distance FROM found
  WHERE kind = 'word' OR uri != name
  QUALIFY ROW_NUMBER() OVER (PARTITION BY level, kind, name ORDER BY distance) <= @top_k
), searches AS (
  -- The only mention of the searches: BigQuery may run a WITH clause again for every mention.
  SELECT
    kind,
    name,
    COUNTIF(level = 0) AS images,
    MAX(IF(level = 0, distance, NULL)) AS farthest,
    ARRAY_AGG(STRUCT(level AS level, distance AS distance)) AS neighbours
  FROM neighbours
  GROUP BY kind, name
), judged AS (
  SELECT
    measured AS level,
    kind,
    images,
    (
      SELECT COUNT(*) FROM UNNEST(neighbours) AS neighbour
      WHERE neighbour.level = measured AND neighbour.distance <= farthest + 1e-6
    ) AS hits
  FROM searches
  CROSS JOIN UNNEST(GENERATE_ARRAY(1, 6)) AS measured
)
SELECT level, kind, COUNT(*) AS queries, AVG(hits / images) AS recall
FROM judged
GROUP BY level, kind
ORDER BY level, kind
