-- Find pictures that are nearly the same as those published since the last time, in one search for all of them.
-- Grain: one run (one row): images searched for, pairs it has found, images that are left to later runs.
-- New is an image whose content has no row with itself yet, so what a failed run has missed is made up for, newest first, at
-- most a wave at once. Pairs whose images are gone, or hold something else by now, go first.
-- The bounds of the names let BigQuery skip the blocks of the table, which is clustered by uri, that hold no new image.
-- Running it again finds nothing new and leaves the same rows.
DECLARE first_uri, last_uri STRING;
{% include 'embed/parts/renew_lease.sql' %}
{% include 'schema/create_near_duplicates.sql' %};
DELETE FROM {{ table('near_duplicates') }} AS pair
WHERE NOT EXISTS (
    SELECT 1 FROM {{ table('image_embeddings') }} AS published
    WHERE published.uri = pair.uri AND published.content_hash = pair.content_hash)
  OR NOT EXISTS (
    SELECT 1 FROM {{ table('image_embeddings') }} AS published
    WHERE published.uri = pair.near_uri AND published.content_hash = pair.near_content_hash);
CREATE TEMP TABLE new_images AS
SELECT published.uri
FROM {{ table('image_embeddings') }} AS published
LEFT JOIN {{ table('near_duplicates') }} AS itself ON itself.uri = published.uri AND itself.near_uri = published.uri
WHERE itself.uri IS NULL
ORDER BY published.embedded_at DESC, published.uri
LIMIT {{ most_new_images }};
SET first_uri = (SELECT MIN(uri) FROM new_images);
SET last_uri = (SELECT MAX(uri) FROM new_images);
IF first_uri IS NOT NULL THEN
  INSERT INTO {{ table('near_duplicates') }}
    (uri, content_hash, near_uri, near_content_hash, distance, model, run_id, found_at)
  SELECT
    pair.uri, image.content_hash, pair.near_uri, near_image.content_hash, pair.distance, @model, @run_id, CURRENT_TIMESTAMP()
  FROM (
    SELECT uri, near_uri, MIN(distance) AS distance
    FROM (
      SELECT LEAST(query.uri, base.uri) AS uri, GREATEST(query.uri, base.uri) AS near_uri, distance
      FROM VECTOR_SEARCH(
        (SELECT uri, ml_generate_embedding_result FROM {{ table('image_embeddings') }}),
        'ml_generate_embedding_result',
        (
          SELECT uri, ml_generate_embedding_result FROM {{ table('image_embeddings') }}
          WHERE uri >= first_uri AND uri <= last_uri AND uri IN (SELECT uri FROM new_images)
        ),
        query_column_to_search => 'ml_generate_embedding_result',
        top_k => {{ top_k }},
        distance_type => 'COSINE',
        options => '{{ vector_search_options(collection.fraction_lists_to_search) }}')
      WHERE query.uri != base.uri AND distance <= @duplicate_distance
      UNION ALL
      SELECT uri, uri, 0.0 FROM new_images
    )
    GROUP BY uri, near_uri
  ) AS pair
  INNER JOIN {{ table('image_embeddings') }} AS image ON image.uri = pair.uri
  INNER JOIN {{ table('image_embeddings') }} AS near_image ON near_image.uri = pair.near_uri
  LEFT JOIN {{ table('near_duplicates') }} AS known ON known.uri = pair.uri AND known.near_uri = pair.near_uri
  WHERE known.uri IS NULL;
END IF;
SELECT
  (SELECT COUNT(*) FROM new_images) AS images,
  (SELECT COUNT(*) FROM {{ table('near_duplicates') }} WHERE run_id = @run_id AND uri != near_uri) AS pairs,
  (SELECT COUNT(*) FROM {{ table('image_embeddings') }})
    - (SELECT COUNT(*) FROM {{ table('near_duplicates') }} WHERE uri = near_uri) AS remaining
