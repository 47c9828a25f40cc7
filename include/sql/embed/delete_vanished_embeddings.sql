-- Take images that are gone, or overwritten with a content in quarantine, out of the searchable table. Grain: one image.
-- A DELETE bills the whole published table, so it runs only when there is something to remove. It counts again: a bucket
-- that was emptied since choose_removal looked takes nothing with it.
DELETE FROM {{ table('image_embeddings') }} AS published
WHERE NOT EXISTS (
    SELECT 1
    FROM (
      {% include 'embed/parts/select_kept_images.sql' %}
    ) AS image
    WHERE image.uri = published.uri)
  AND (
    @allow_mass_delete
    OR (
      SELECT vanished <= @max_share * published
      FROM (
        {% include 'embed/count_vanished.sql' %}
      ) AS counted))
