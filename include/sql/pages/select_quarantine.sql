-- The images in quarantine whose status and uri begin with what a person chose, newest first. Grain: one content of one image.
-- `matching` counts all of them, also those not shown.
SELECT uri, ml_generate_embedding_status AS status, attempts, run_id, quarantined_at, COUNT(*) OVER () AS matching
FROM {{ table('embedding_quarantine') }}
WHERE model = @model
  AND replayed_at IS NULL
  AND STARTS_WITH(ml_generate_embedding_status, @status)
  AND STARTS_WITH(uri, @uri_prefix)
ORDER BY quarantined_at DESC, uri
LIMIT {{ most }}
