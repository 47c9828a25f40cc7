-- Pending images that this run may take. Grain: one image. Included by write_work_order and count_deferred_images.
-- A run of Airflow's Backfill takes what was updated within its data interval; every other run has no bounds.
SELECT pending.*
FROM (
  {% include 'embed/parts/select_pending_images.sql' %}
) AS pending
WHERE STARTS_WITH(uri, @uri_prefix)
  AND updated >= @updated_from
  AND updated < @updated_until
