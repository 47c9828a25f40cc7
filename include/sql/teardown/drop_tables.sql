-- Drop the tables of one model that setup has made, one after the other. Grain: one table.
-- The lease goes last: until then no other Airflow can take it. BigQuery keeps a dropped table for its time travel, 7 days.
{% for name in teardown_tables -%}
DROP TABLE IF EXISTS {{ table(name) }}{{ ';' if not loop.last }}
{% endfor %}
