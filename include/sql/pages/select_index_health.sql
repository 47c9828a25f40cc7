-- The last measurements of the vector index under the active model, newest first. Grain: one measurement.
SELECT run_id, rebuilt, vector_index, drift, top_k, image_queries, image_recall, word_queries, word_recall, measured_at
FROM {{ table('index_health') }}
WHERE model = @model
ORDER BY measured_at DESC
LIMIT {{ most }}
