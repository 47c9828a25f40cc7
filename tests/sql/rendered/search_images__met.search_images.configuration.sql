-- The images nearest to the words of a search. Grain: one image of the search.
-- Replaces the results of an earlier attempt at the same search (ON FALSE makes delete and insert one atomic statement).
-- distance_type is explicit because the index's own applies only when the index is used; options must be a literal.
MERGE `demo-project.bqml_tutorial.vector_search_results` AS results
USING (
  SELECT
    ROW_NUMBER() OVER (ORDER BY distance, base.uri) AS rank,
    base.uri AS gcs_uri,
    distance
  FROM VECTOR_SEARCH(
    (
      -- The images to search: all published ones, or those below a prefix. Grain: one image. Included by other statements.
-- Only columns that the index stores, so that it filters before it searches and needs no join with the table. Media type
-- and year are not among them: with an index they would be looked at after the search, so who asks for them compares all.
SELECT uri, ml_generate_embedding_result
FROM `demo-project.bqml_tutorial.met_image_embeddings`

    ),
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
