-- The images that are in the bucket now. Grain: one image. Included by other statements.
-- A composite object has no md5_hash; its generation stands for its content.
SELECT
  uri,
  COALESCE(md5_hash, CAST(generation AS STRING)) AS content_hash,
  generation,
  content_type,
  size,
  updated
FROM {{ table('images') }}
WHERE content_type IN UNNEST(@content_types)
