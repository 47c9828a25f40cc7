-- The images whose vector may stay searchable. Grain: one image. Included by other statements.
-- In the bucket now, whatever their content type, and not overwritten with a content that is in quarantine: a vector of
-- the old content would find the broken one.
SELECT image.uri
FROM {{ table('images') }} AS image
WHERE NOT EXISTS (
  SELECT 1 FROM {{ table('embedding_quarantine') }} AS quarantined
  WHERE quarantined.uri = image.uri
    AND quarantined.content_hash = COALESCE(image.md5_hash, CAST(image.generation AS STRING))
    AND quarantined.model = @model
    AND quarantined.replayed_at IS NULL)
