-- The results of one search, nearest first. Grain: one image.
SELECT rank, gcs_uri, distance
FROM `demo-project.bqml_tutorial.vector_search_results`
WHERE search_id = @search_id
ORDER BY rank
