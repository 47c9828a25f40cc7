-- Number of images that are pending for the next run, as the bucket was last listed. Grain: one row.
SELECT COUNT(*) AS images FROM (
  {% include 'embed/parts/select_unpublished_images.sql' %}
)
