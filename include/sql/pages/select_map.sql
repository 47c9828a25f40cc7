-- The map of the collection, without pictures that are gone or hold something else since it was drawn. Grain: one image.
-- generation: what is shown; a picture that is overwritten right now has no other.
SELECT
  map.uri,
  image.generation,
  map.x,
  map.y,
  map.drawn_at
FROM {{ table('image_map') }} AS map
INNER JOIN {{ table('image_embeddings') }} AS image
  ON image.uri = map.uri AND image.content_hash = map.content_hash
ORDER BY map.level, map.uri
