-- Train the vector index anew on the images as they are now. Grain: the index. While a rebuild is under way it does nothing.
-- With a BACKGROUND reservation BigQuery fills a second index beside the first, and searches lose nothing. Without one the index
-- is replaced: searches compare every picture, which is exact, slower and dearer, until the new one is filled.
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM `{{ settings.project }}.{{ settings.dataset }}`.INFORMATION_SCHEMA.VECTOR_INDEXES
    WHERE table_name = '{{ settings.in_profile('met_image_embeddings') }}'
      AND index_name = '{{ settings.in_profile('met_images_index') }}'
      AND last_index_alteration_info.status = @in_progress
  ) THEN
    BEGIN
      ALTER VECTOR INDEX `{{ settings.in_profile('met_images_index') }}`
      ON {{ table('met_image_embeddings') }} REBUILD;
    EXCEPTION WHEN ERROR THEN
      IF STRPOS(@@error.message, @no_reservation) = 0 THEN
        RAISE;
      END IF;
      {% with replace = True %}{% include 'embed_images/create_vector_index.sql' %}{% endwith %};
    END;
  END IF;
END
