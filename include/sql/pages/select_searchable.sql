-- What VECTOR_SEARCH searches: every published image, or those below a prefix. Grain: one image. Included by other statements.
-- Only columns that the index holds, so that an index needs no join with the table and filters before it searches.
SELECT uri, ml_generate_embedding_result
FROM {{ table('image_embeddings') }}
{% if uri_prefix -%}
WHERE STARTS_WITH(uri, @uri_prefix)
{%- endif %}
