-- What the saved queries found, beside what they found the time before. Grain: one image of one query.
-- change: 'new', 'gone' (rank and distance are then those of before), or '' for what was there and for a query's first time.
-- Only ranks that both times have are compared: a run with another top_k has found no image more or less.
WITH before AS (
  SELECT earlier.* FROM {{ table('saved_search_results') }} AS earlier
  WHERE run_id != @run_id
    AND searched_at <= (SELECT MAX(searched_at) FROM {{ table('saved_search_results') }} WHERE run_id = @run_id)
  QUALIFY searched_at = MAX(searched_at) OVER (PARTITION BY query)
), found AS (
  SELECT * FROM {{ table('saved_search_results') }} WHERE run_id = @run_id
), compared AS (
  SELECT query, LEAST(MAX(found.rank), MAX(before.rank)) AS ranks FROM found JOIN before USING (query) GROUP BY query
)
SELECT
  COALESCE(found.query, before.query) AS query,
  COALESCE(found.rank, before.rank) AS rank,
  COALESCE(found.gcs_uri, before.gcs_uri) AS gcs_uri,
  COALESCE(found.distance, before.distance) AS distance,
  CASE
    WHEN found.gcs_uri IS NULL THEN 'gone'
    WHEN before.gcs_uri IS NULL AND found.rank <= compared.ranks THEN 'new'
    ELSE ''
  END AS change
FROM found
FULL OUTER JOIN before ON before.query = found.query AND before.gcs_uri = found.gcs_uri
LEFT JOIN compared ON compared.query = COALESCE(found.query, before.query)
WHERE COALESCE(found.query, before.query) IN (SELECT query FROM found)
  AND (found.gcs_uri IS NOT NULL OR before.rank <= compared.ranks)
ORDER BY query, rank, change
