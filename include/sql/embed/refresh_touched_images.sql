-- Take over the metadata of images that were written again with the same content: their vectors stay. Grain: one image.
-- An UPDATE bills the whole published table, so it runs only when there is a touched image.
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
