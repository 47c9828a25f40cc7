-- What the runs of embed_images have cost, newest month first. Grain: one calendar month (UTC), by when runs began.
-- cost_usd: of the model; bytes_billed: of BigQuery, for queries. NULL where no run of the month wrote it; partly: some did not.
-- By the names of the columns, because a table created by an earlier version may lack them.
SELECT
  FORMAT_TIMESTAMP('%Y-%m', started_at) AS month,
  COUNT(*) AS runs,
  SUM(published) AS published,
  SUM(cost_usd) AS cost_usd,
  SUM(bytes_billed) AS bytes_billed,
  COUNTIF(cost_usd IS NULL) > 0 AS cost_partly,
  COUNTIF(bytes_billed IS NULL) > 0 AS bytes_partly
FROM (
  SELECT
    run.started_at,
    run.published,
    CAST(JSON_VALUE(TO_JSON_STRING(run), '$.cost_usd') AS FLOAT64) AS cost_usd,
    CAST(JSON_VALUE(TO_JSON_STRING(run), '$.bytes_billed') AS INT64) AS bytes_billed
  FROM {{ table('embedding_runs') }} AS run
)
GROUP BY month
ORDER BY month DESC
LIMIT {{ most }}
