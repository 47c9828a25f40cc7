-- The images nearest to the words of a search. Grain: one image of the search.
-- Replaces the results of an earlier attempt at the same search (ON FALSE makes delete and insert one atomic statement).
-- distance_type is explicit because the index's own applies only when the index is used; options must be a literal.
MERGE {{ table('vector_search_results') }} AS results
USING (
  SELECT
    ROW_NUMBER() OVER (ORDER BY distance, base.uri) AS rank,
    base.uri AS gcs_uri,
    distance
  FROM VECTOR_SEARCH(
    (
      {% with uri_prefix = params.uri_prefix, kind = '', year = '' %}{% include 'pages/select_searchable.sql' %}{% endwith %}
    ),
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
