-- What a plan leaves to later runs, and what was paid before it. Grain: one row.
SELECT
  (
    SELECT COUNT(*)
    FROM (
      {% include 'embed/parts/select_plannable_images.sql' %}
    ) AS plannable
    WHERE NOT EXISTS (
      SELECT 1 FROM {{ table('embedding_batches') }} AS planned
      WHERE planned.work_order = @work_order AND planned.uri = plannable.uri)
  ) AS deferred,
  by_run AS paid_by_run,
  this_month AS paid_this_month
FROM (
  {% include 'embed/parts/count_paid_images.sql' %}
) AS paid
