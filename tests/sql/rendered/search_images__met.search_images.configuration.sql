-- The images nearest to the words of a search. Grain: one image of the search.
-- Replaces what an earlier try of the same search wrote (ON FALSE makes one atomic statement of delete and insert).
-- distance_type is explicit because the index's own applies only when the index is used; options must be a literal.
MERGE `demo-project.bqml_tutorial.vector_search_results` AS results
USING (
  SELECT
    ROW_NUMBER() OVER (ORDER BY distance, base.uri) AS rank,
    base.uri AS gcs_uri,
    distance
  FROM VECTOR_SEARCH(
    TABLE `demo-project.bqml_tutorial.met_image_embeddings`,
    'ml_generate_embedding_result',
    (
      SELECT ml_generate_embedding_result FROM `demo-project.bqml_tutorial.search_embedding`
      WHERE search_id = @search_id AND content = @query AND model = @model AND ml_generate_embedding_status = ''
    ),
    query_column_to_search => 'ml_generate_embedding_result',
    top_k => 3,
    distance_type => 'COSINE',
    options => '{}')
) AS found
ON FALSE
WHEN NOT MATCHED BY SOURCE AND results.search_id = @search_id THEN DELETE
WHEN NOT MATCHED THEN
  INSERT (search_id, rank, gcs_uri, distance, searched_at)
  VALUES (@search_id, found.rank, found.gcs_uri, found.distance, CURRENT_TIMESTAMP())
