-- Embed the words of a search with the model that embedded the images, or fail with the reason. Grain: one search.
-- Running it again makes no second call once there is a vector. The status of a success is stored as '', even if it is NULL.
BEGIN
  ASSERT BYTE_LENGTH(@query) <= @max_query_bytes
  AS 'The words of the search are too long: the model takes at most 1,023 bytes.';
  {% include 'schema/assert_one_model.sql' %};
  INSERT INTO {{ table('search_embedding') }}
    (search_id, content, model, ml_generate_embedding_result, ml_generate_embedding_status, created_at)
  SELECT @search_id, content, @model, {{ collection.model.columns.result }}, COALESCE({{ collection.model.columns.status }}, ''), CURRENT_TIMESTAMP()
  FROM {{ collection.model.function }}(
    MODEL {{ table('multimodal_embedding_model') }},
    (
      SELECT @query AS content
      FROM UNNEST([1])
      WHERE NOT EXISTS (
        SELECT 1 FROM {{ table('search_embedding') }}
        WHERE search_id = @search_id AND content = @query AND model = @model AND ml_generate_embedding_status = '')
    ),
    {{ collection.model.columns.options(collection.model.dimension) }});
  IF NOT EXISTS (
    SELECT 1 FROM {{ table('search_embedding') }}
    WHERE search_id = @search_id AND content = @query AND model = @model AND ml_generate_embedding_status = ''
  ) THEN
    RAISE USING MESSAGE = (
      SELECT CONCAT('The words of the search were not embedded: ',
        ARRAY_AGG(ml_generate_embedding_status ORDER BY created_at DESC LIMIT 1)[OFFSET(0)])
      FROM {{ table('search_embedding') }} WHERE search_id = @search_id AND content = @query);
  END IF;
END
