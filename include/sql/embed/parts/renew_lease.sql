-- Hold the lease a while longer, or stop: another Airflow has taken it. Included by other scripts.
UPDATE {{ table('embedding_lease') }}
SET expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @lease_minutes MINUTE)
WHERE lease_id = @lease_id;
{% include 'embed/parts/assert_lease.sql' %}
