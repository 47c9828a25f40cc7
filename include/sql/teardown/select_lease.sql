-- Who works on the tables, of all other Airflows and runs. Grain: the lease (one row, or none while it is free).
-- @earlier_lease_id: of a run of this Airflow that has ended; one that died has not freed its lease.
SELECT holder, expires_at FROM {{ table('embedding_lease') }}
WHERE expires_at > CURRENT_TIMESTAMP() AND lease_id != @earlier_lease_id
