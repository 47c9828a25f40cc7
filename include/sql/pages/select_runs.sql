-- The reports of the last runs of embed_images, newest first. Grain: one run.
-- Every column, because a table that an earlier version made may not have the newest ones yet.
SELECT * FROM {{ table('embedding_runs') }} ORDER BY started_at DESC LIMIT {{ most }}
