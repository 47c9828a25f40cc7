-- Hold the lease for as long as a batch may take, before it is paid for. Grain: the lease (one row).
-- Hold the lease a while longer, or stop: another Airflow has taken it. Included by other scripts.
UPDATE `demo-project.bqml_tutorial.embedding_lease`
SET expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @lease_minutes MINUTE)
WHERE lease_id = @lease_id;
-- Stop unless this run holds the lease of the dataset. Included by other scripts.
IF NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.embedding_lease` WHERE lease_id = @lease_id) THEN
  RAISE USING MESSAGE = (SELECT CONCAT(@lease_lost, ' ', holder, ' has it.') FROM `demo-project.bqml_tutorial.embedding_lease`);
END IF;
