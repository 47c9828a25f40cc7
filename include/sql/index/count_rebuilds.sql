-- How often other runs have rebuilt the index within a day; BigQuery allows few of these statements. Grain: one row.
SELECT COUNT(*) AS rebuilds
FROM {{ table('index_health') }}
WHERE rebuilt AND run_id != @run_id AND measured_at > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)
