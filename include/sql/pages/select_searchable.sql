-- The images to search: all published ones, or those below a prefix. Grain: one image. Included by other statements.
-- Only columns that the index stores, so that it filters before it searches and needs no join with the table.
SELECT uri, ml_generate_embedding_result
FROM {{ table('image_embeddings') }}
{% if uri_prefix -%}
WHERE STARTS_WITH(uri, @uri_prefix)
{%- endif %}
