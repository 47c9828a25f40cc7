-- How many images are in quarantine, by status, most first. Grain: one status. `total` is the sum, also of those not shown.
SELECT
  ml_generate_embedding_status AS status,
  COUNT(*) AS images,
  SUM(COUNT(*)) OVER () AS total
FROM {{ table('embedding_quarantine') }}
WHERE model = @model AND replayed_at IS NULL
GROUP BY status
ORDER BY images DESC, status
LIMIT {{ most }}
