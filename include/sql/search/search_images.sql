-- The images nearest to the words of a search. Grain: one image of the search.
-- Replaces what an earlier try of the same search wrote (ON FALSE makes one atomic statement of delete and insert).
-- distance_type is explicit because the index's own applies only when the index is used; options must be a literal.
MERGE {{ table('vector_search_results') }} AS results
USING (
  SELECT
    ROW_NUMBER() OVER (ORDER BY distance, base.uri) AS rank,
    base.uri AS gcs_uri,
    distance
  FROM VECTOR_SEARCH(
    {% if params.uri_prefix -%}
    (SELECT * FROM {{ table('image_embeddings') }} WHERE STARTS_WITH(uri, @uri_prefix)),
    {%- else -%}
    TABLE {{ table('image_embeddings') }},
    {%- endif %}
    'ml_generate_embedding_result',
    (
      SELECT ml_generate_embedding_result FROM {{ table('search_embedding') }}
      WHERE search_id = @search_id AND content = @query AND model = @model AND ml_generate_embedding_status = ''
    ),
    query_column_to_search => 'ml_generate_embedding_result',
    top_k => {{ params.top_k | int }},
    distance_type => 'COSINE',
    options => '{{ vector_search_options(params.fraction_lists_to_search or collection.fraction_lists_to_search, params.use_brute_force) }}')
) AS found
ON FALSE
WHEN NOT MATCHED BY SOURCE AND results.search_id = @search_id THEN DELETE
WHEN NOT MATCHED THEN
  INSERT (search_id, rank, gcs_uri, distance, searched_at)
  VALUES (@search_id, found.rank, found.gcs_uri, found.distance, CURRENT_TIMESTAMP())
