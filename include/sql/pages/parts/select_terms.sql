-- The terms of a search as an array, with their weights. Grain: one row; none if the picture is not searchable, or if
-- there are words alone and nothing to find, so that the model is not asked.
-- `asked` is the position of words that the model is asked for, NULL for vectors that are known.
SELECT
  ARRAY_AGG(STRUCT(
    asked, status, vector, weight / (SELECT SQRT(SUM(number * number)) FROM UNNEST(vector) AS number) AS factor
  )) AS terms
FROM (
  {% if like -%}
  SELECT TRUE AS is_picture, NULL AS asked, '' AS status, ml_generate_embedding_result AS vector, @like_weight AS weight
  FROM {{ table('image_embeddings') }}
  WHERE uri = @like
  {%- endif %}
  {% if known -%}
  {{ 'UNION ALL' if like }}
  SELECT FALSE AS is_picture, NULL AS asked, '' AS status, term.vector, term.weight
  FROM UNNEST(@known) AS term
  {%- endif %}
  {% if asked -%}
  {{ 'UNION ALL' if like or known }}
  SELECT
    FALSE AS is_picture,
    asked,
    COALESCE({{ collection.model.columns.status }}, '') AS status,
    {{ collection.model.columns.result }} AS vector,
    weight
  FROM {{ collection.model.function }}(
    MODEL {{ table('multimodal_embedding_model') }},
    (
      SELECT term.content, term.weight, asked
      FROM UNNEST(@asked) AS term WITH OFFSET AS asked
      WHERE EXISTS (
        {% include 'pages/select_searchable.sql' %}
      )
      {% if like -%}
      AND EXISTS (SELECT 1 FROM {{ table('image_embeddings') }} WHERE uri = @like)
      {%- endif %}
    ),
    {{ collection.model.columns.options(collection.model.dimension) }})
  {%- endif %}
)
HAVING {{ 'COUNTIF(is_picture) = 1' if like else 'COUNT(*) > 0' }}
