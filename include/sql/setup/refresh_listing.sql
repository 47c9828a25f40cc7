-- List the bucket for the first time, or again after the setting `objects` has changed. Grain: one image.
-- Until then BigQuery would go on to serve the listing of the earlier setting.
{% include 'embed/parts/list_bucket.sql' %}
