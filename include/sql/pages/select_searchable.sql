-- The images to search: all published ones, or those below a prefix. Grain: one image. Included by other statements.
-- Only columns that the index stores, so that it filters before it searches and needs no join with the table. Media type
-- and year are not among them: with an index they would be looked at after the search, so who asks for them compares all.
SELECT uri, ml_generate_embedding_result
FROM {{ table('image_embeddings') }}
{% if uri_prefix -%}
WHERE STARTS_WITH(uri, @uri_prefix)
{%- endif -%}
{% if kind %}
{{ 'AND' if uri_prefix else 'WHERE' }} content_type = @kind
{%- endif -%}
{% if year %}
{{ 'AND' if uri_prefix or kind else 'WHERE' }} EXTRACT(YEAR FROM updated) = @year
{%- endif %}
