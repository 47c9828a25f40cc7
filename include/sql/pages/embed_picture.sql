-- The vector of a picture that no table lists: one that somebody searches with. Grain: one row. Charges one image.
-- Apart from the search, so that the vector is known whatever the search finds: nothing is paid for twice.
-- https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-generate-embedding
-- AI.GENERATE_EMBEDDING takes an ObjectRef, ML.GENERATE_EMBEDDING the URL of one (an ObjectRefRuntime).
SELECT
  {{ collection.model.columns.result }} AS vector,
  COALESCE({{ collection.model.columns.status }}, '') AS status
FROM {{ collection.model.function }}(
  MODEL {{ table('multimodal_embedding_model') }},
  (
    {% if collection.model.function == 'AI.GENERATE_EMBEDDING' -%}
    SELECT OBJ.MAKE_REF(@uri, @connection) AS content
    {%- else -%}
    SELECT OBJ.GET_ACCESS_URL(OBJ.MAKE_REF(@uri, @connection), 'r') AS content
    {%- endif %}
  ),
  {{ collection.model.columns.options(collection.model.dimension) }})
