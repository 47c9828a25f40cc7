-- Train the vector index anew on the images as they are now. Grain: the index. While a rebuild is under way it does nothing.
-- With a BACKGROUND reservation BigQuery fills a second index beside the first, and searches lose nothing. Without one the index
-- is replaced: searches compare every picture, which is exact, slower and dearer, until the new one is filled.
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM `{{ collection.project }}.{{ collection.dataset }}`.INFORMATION_SCHEMA.VECTOR_INDEXES
    WHERE table_name = '{{ collection.table_name('image_embeddings') }}'
      AND index_name = '{{ collection.table_name('images_index') }}'
      AND last_index_alteration_info.status = @in_progress
  ) THEN
    BEGIN
      ALTER VECTOR INDEX `{{ collection.table_name('images_index') }}`
      ON {{ table('image_embeddings') }} REBUILD;
    EXCEPTION WHEN ERROR THEN
      IF STRPOS(@@error.message, @no_reservation) = 0 THEN
        RAISE;
      END IF;
      {% with replace = True %}{% include 'index/create_vector_index.sql' %}{% endwith %};
    END;
  END IF;
END
