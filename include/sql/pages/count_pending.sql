-- How many images wait for the next run. Grain: one row. It lists the bucket, so it takes its time when that is large.
SELECT COUNT(*) AS images FROM (
  {% include 'embed/parts/select_pending_images.sql' %}
)
