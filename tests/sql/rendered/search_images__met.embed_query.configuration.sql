-- Embed the words of a search with the model that embedded the images, or fail with the reason. Grain: one search.
-- Running it again makes no second call once there is a vector. The status of a success is stored as '', even if it is NULL.
BEGIN
  ASSERT BYTE_LENGTH(@query) <= @max_query_bytes
  AS 'The words of the search are too long: the model takes at most 1,023 bytes.';
  -- Refuse to mix vectors of two models (endpoint or dimension) in one table, before it costs anything.
ASSERT NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.met_image_embeddings` WHERE model != @model)
AS 'The images were embedded by another model. Set VITRINE_ENDPOINT and VITRINE_DIMENSION back, or add a second model to the collection: it has its own tables.';
  INSERT INTO `demo-project.bqml_tutorial.search_embedding`
    (search_id, content, model, ml_generate_embedding_result, ml_generate_embedding_status, created_at)
  SELECT @search_id, content, @model, ml_generate_embedding_result, COALESCE(ml_generate_embedding_status, ''), CURRENT_TIMESTAMP()
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
