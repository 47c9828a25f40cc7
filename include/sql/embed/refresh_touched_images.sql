-- Update the metadata of images that were rewritten with the same content; they keep their vectors. Grain: one image.
-- An UPDATE bills the whole published table, so it runs only if there is such an image.
IF EXISTS (
  {% include 'embed/parts/select_touched_images.sql' %}
) THEN
  UPDATE {{ table('image_embeddings') }} AS published
  SET generation = touched.generation, content_type = touched.content_type, size = touched.size, updated = touched.updated
  FROM (
    {% include 'embed/parts/select_touched_images.sql' %}
  ) AS touched
  WHERE published.uri = touched.uri;
END IF
