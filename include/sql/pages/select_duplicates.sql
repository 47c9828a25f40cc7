-- The near-duplicates that are searchable with the contents that were compared, nearest first. Grain: one pair of images.
-- `matching` is the number of all pairs, including those not shown.
SELECT
  pair.distance,
  [
    STRUCT(image.uri AS uri, image.content_hash AS content_hash, image.size AS size, image.updated AS updated),
    STRUCT(near_image.uri, near_image.content_hash, near_image.size, near_image.updated)
  ] AS images,
  COUNT(*) OVER () AS matching
FROM {{ table('near_duplicates') }} AS pair
INNER JOIN {{ table('image_embeddings') }} AS image
  ON image.uri = pair.uri AND image.content_hash = pair.content_hash
INNER JOIN {{ table('image_embeddings') }} AS near_image
  ON near_image.uri = pair.near_uri AND near_image.content_hash = pair.near_content_hash
WHERE pair.uri != pair.near_uri
  AND pair.model = @model
  AND pair.distance <= @duplicate_distance
ORDER BY pair.distance, pair.uri, pair.near_uri
LIMIT {{ most }}
