-- Embed the words of a search with the model that embedded the images, or fail saying why. Grain: one search.
-- Run again it makes no second call once there is a vector.
BEGIN
  ASSERT BYTE_LENGTH(@query) <= @max_query_bytes
  AS 'The words of the search are too long: the model takes at most 1,023 bytes.';
  -- Vectors of two models must never meet in one table: refuse another endpoint or dimension before anything is paid.
ASSERT NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.met_image_embeddings` WHERE model != @model)
AS 'The images were embedded by another model. Set VITRINE_ENDPOINT and VITRINE_DIMENSION back, or name a new VITRINE_PROFILE: it has tables of its own.';
  INSERT INTO `demo-project.bqml_tutorial.search_embedding`
    (search_id, content, model, ml_generate_embedding_result, ml_generate_embedding_status, created_at)
  SELECT @search_id, content, @model, ml_generate_embedding_result, ml_generate_embedding_status, CURRENT_TIMESTAMP()
  FROM ML.GENERATE_EMBEDDING(
    MODEL `demo-project.bqml_tutorial.multimodal_embedding_model`,
    (
      SELECT @query AS content
      FROM UNNEST([1])
      WHERE NOT EXISTS (
        SELECT 1 FROM `demo-project.bqml_tutorial.search_embedding`
        WHERE search_id = @search_id AND content = @query AND model = @model AND ml_generate_embedding_status = '')
    ),
    STRUCT(TRUE AS flatten_json_output, 1408 AS output_dimensionality));
  IF NOT EXISTS (
    SELECT 1 FROM `demo-project.bqml_tutorial.search_embedding`
    WHERE search_id = @search_id AND content = @query AND model = @model AND ml_generate_embedding_status = ''
  ) THEN
    RAISE USING MESSAGE = (
      SELECT CONCAT('The words of the search were not embedded: ',
        ARRAY_AGG(ml_generate_embedding_status ORDER BY created_at DESC LIMIT 1)[OFFSET(0)])
      FROM `demo-project.bqml_tutorial.search_embedding` WHERE search_id = @search_id AND content = @query);
  END IF;
END
