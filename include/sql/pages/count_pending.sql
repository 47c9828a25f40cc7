-- Number of images that are pending for the next run. Grain: one row. Lists the bucket, which takes long if it is large.
SELECT COUNT(*) AS images FROM (
  {% include 'embed/parts/select_pending_images.sql' %}
)
