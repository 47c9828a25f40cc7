-- Remove images from the searchable table that are gone, or overwritten with content in quarantine. Grain: one image.
-- A DELETE bills the whole published table, so it runs only if there is something to remove. It counts again, so that a
-- bucket that was emptied after choose_removal counted removes nothing.
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
