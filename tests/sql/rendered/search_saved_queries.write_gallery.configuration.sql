-- What the saved queries found, beside what they found the time before. Grain: one image of one query.
-- change: 'new', 'gone' (rank and distance are then those of before), or '' for what was there and for a query's first time.
WITH before AS (
  SELECT earlier.* FROM `demo-project.bqml_tutorial.saved_search_results` AS earlier
  WHERE run_id != @run_id
    AND searched_at <= (SELECT MAX(searched_at) FROM `demo-project.bqml_tutorial.saved_search_results` WHERE run_id = @run_id)
  QUALIFY searched_at = MAX(searched_at) OVER (PARTITION BY query)
), found AS (
  SELECT * FROM `demo-project.bqml_tutorial.saved_search_results` WHERE run_id = @run_id
)
SELECT
  COALESCE(found.query, before.query) AS query,
  COALESCE(found.rank, before.rank) AS rank,
  COALESCE(found.gcs_uri, before.gcs_uri) AS gcs_uri,
  COALESCE(found.distance, before.distance) AS distance,
  CASE
    WHEN found.gcs_uri IS NULL THEN 'gone'
    WHEN before.gcs_uri IS NULL AND found.query IN (SELECT query FROM before) THEN 'new'
    ELSE ''
  END AS change
FROM found
FULL OUTER JOIN before ON before.query = found.query AND before.gcs_uri = found.gcs_uri
WHERE COALESCE(found.query, before.query) IN (SELECT query FROM found)
ORDER BY query, rank, change
