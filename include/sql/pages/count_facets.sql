-- Searchable images below a prefix by folder, media type and year of their last change, the most frequent of each first.
-- Grain: one value of one facet. One scan of three narrow columns, whatever is counted.
-- `folder` is the next part of the name after the prefix; images that lie in the prefix itself have none.
SELECT facet, value, COUNT(*) AS images
FROM {{ table('image_embeddings') }},
  UNNEST([
    STRUCT('folder' AS facet, REGEXP_EXTRACT(SUBSTR(uri, LENGTH(@uri_prefix) + 1), r'^[^/]*/') AS value),
    STRUCT('type', content_type),
    STRUCT('year', CAST(EXTRACT(YEAR FROM updated) AS STRING))
  ])
WHERE STARTS_WITH(uri, @uri_prefix) AND value IS NOT NULL
GROUP BY facet, value
QUALIFY ROW_NUMBER() OVER (PARTITION BY facet ORDER BY COUNT(*) DESC, value) <= {{ most }}
ORDER BY facet, images DESC, value
