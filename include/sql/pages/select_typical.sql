-- The mean of the vectors of the searchable images, each made of length 1: the mean similarity of all images to another
-- vector is its product with this one. Grain: one row.
-- Of a large table a sample, since the statement reads whole vectors: TABLESAMPLE bills only the blocks that it reads.
-- https://docs.cloud.google.com/bigquery/docs/table-sampling
SELECT ARRAY_AGG(mean ORDER BY position) AS mean
FROM (
  SELECT position, AVG(number / length) AS mean
  FROM (
    SELECT
      ml_generate_embedding_result AS vector,
      (SELECT SQRT(SUM(number * number)) FROM UNNEST(ml_generate_embedding_result) AS number) AS length
    FROM {{ table('image_embeddings') }}{% if percent %} TABLESAMPLE SYSTEM ({{ percent }} PERCENT){% endif %}

  ),
    UNNEST(vector) AS number WITH OFFSET AS position
  GROUP BY position
)
