-- Take the lease of the dataset, if it is free, expired, or this Airflow's own. Grain: the lease (one row).
-- The only row is always updated, never inserted: of two updates at once BigQuery carries out one after the other.
UPDATE `demo-project.bqml_tutorial.embedding_lease`
SET
  lease_id = @lease_id,
  holder = @holder,
  taken_at = IF(lease_id = @lease_id, taken_at, CURRENT_TIMESTAMP()),
  expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @lease_minutes MINUTE)
WHERE lease_id IN (@lease_id, @earlier_lease_id) OR expires_at <= CURRENT_TIMESTAMP();
SELECT lease_id = @lease_id AS is_ours, holder, taken_at, expires_at FROM `demo-project.bqml_tutorial.embedding_lease`
