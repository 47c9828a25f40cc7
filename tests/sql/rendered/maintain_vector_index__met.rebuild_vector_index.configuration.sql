-- Train the vector index anew on the images as they are now. Grain: the index. While a rebuild is under way it does nothing.
-- With a BACKGROUND reservation BigQuery fills a second index beside the first, and searches lose nothing. Without one the index
-- is replaced: searches compare every picture, which is exact, slower and dearer, until the new one is filled.
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM `demo-project.bqml_tutorial`.INFORMATION_SCHEMA.VECTOR_INDEXES
    WHERE table_name = 'met_image_embeddings'
      AND index_name = 'met_images_index'
      AND last_index_alteration_info.status = @in_progress
  ) THEN
    BEGIN
      ALTER VECTOR INDEX `met_images_index`
      ON `demo-project.bqml_tutorial.met_image_embeddings` REBUILD;
    EXCEPTION WHEN ERROR THEN
      IF STRPOS(@@error.message, @no_reservation) = 0 THEN
        RAISE;
      END IF;
      -- The vector index over the published embeddings; created once, kept fresh by BigQuery.
-- uri is stored so that a filter on it is applied before the search and results need no join with the table.
CREATE OR REPLACE VECTOR INDEX `met_images_index`
ON `demo-project.bqml_tutorial.met_image_embeddings`(ml_generate_embedding_result)
STORING (uri)
OPTIONS (index_type = 'IVF', distance_type = 'COSINE');
    END;
  END IF;
END
