-- The results of one search, nearest first. Grain: one image.
SELECT @query AS query, rank, gcs_uri, distance, '' AS change
FROM {{ table('vector_search_results') }}
WHERE search_id = @search_id
ORDER BY rank
