-- Drop the tables of one model that setup has made and a person has approved, one after the other. Grain: one table.
-- The lease goes last: until then no other Airflow can take it. BigQuery keeps a dropped table for its time travel, 7 days.
{% set approved = tables_to_drop(ti) -%}
{% if 'embedding_lease' in approved %}{% include 'embed/parts/assert_lease.sql' %}{% endif %}
{% for name in approved -%}
DROP TABLE IF EXISTS {{ table(name) }}{{ ';' if not loop.last }}
{% endfor %}
