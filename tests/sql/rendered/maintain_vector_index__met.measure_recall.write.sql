-- What a run has measured; measured again, it replaces the row. Grain: one measurement (a run that rebuilds has two).
MERGE `demo-project.bqml_tutorial.index_health` AS health
USING (SELECT @run_id AS run_id, @rebuilt AS rebuilt) AS run
ON health.run_id = run.run_id AND health.rebuilt = run.rebuilt
WHEN MATCHED THEN
  UPDATE SET vector_index = @vector_index, drift = @drift, top_k = @top_k,
    fraction_lists_to_search = @fraction_lists_to_search,
    image_queries = @image_queries, image_recall = @image_recall,
    word_queries = @word_queries, word_recall = @word_recall, measured_at = CURRENT_TIMESTAMP()
WHEN NOT MATCHED THEN
  INSERT (run_id, rebuilt, model, vector_index, drift, top_k, fraction_lists_to_search,
    image_queries, image_recall, word_queries, word_recall, measured_at)
  VALUES (@run_id, @rebuilt, @model, @vector_index, @drift, @top_k, @fraction_lists_to_search,
    @image_queries, @image_recall, @word_queries, @word_recall, CURRENT_TIMESTAMP())
