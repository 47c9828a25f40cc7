-- The reports of the last runs of embed_images, newest first. Grain: one run.
-- SELECT *, because a table created by an earlier version may lack the newest columns.
SELECT * FROM {{ table('embedding_runs') }} ORDER BY started_at DESC LIMIT {{ most }}
