-- Write the report of a run, replacing an earlier one of the same run, and free the lease. Grain: one run.
-- @stages, @failures: JSON arrays of objects with the names of the columns.
DECLARE stages_of_run ARRAY<STRUCT<stage STRING, jobs INT64, bytes_billed INT64, calls INT64, calls_in_vain INT64>> DEFAULT ARRAY(
  SELECT AS STRUCT
    JSON_VALUE(stage, '$.stage') AS stage,
    CAST(JSON_VALUE(stage, '$.jobs') AS INT64) AS jobs,
    CAST(JSON_VALUE(stage, '$.bytes_billed') AS INT64) AS bytes_billed,
    CAST(JSON_VALUE(stage, '$.calls') AS INT64) AS calls,
    CAST(JSON_VALUE(stage, '$.calls_in_vain') AS INT64) AS calls_in_vain
  FROM UNNEST(JSON_QUERY_ARRAY(@stages)) AS stage);
DECLARE failures_of_run ARRAY<STRUCT<place STRING, status STRING, images INT64>> DEFAULT ARRAY(
  SELECT AS STRUCT
    JSON_VALUE(failure, '$.place') AS place,
    JSON_VALUE(failure, '$.status') AS status,
    CAST(JSON_VALUE(failure, '$.images') AS INT64) AS images
  FROM UNNEST(JSON_QUERY_ARRAY(@failures)) AS failure);
MERGE `demo-project.bqml_tutorial.embedding_runs` AS report
USING (SELECT @run_id AS run_id) AS run
ON report.run_id = run.run_id
WHEN MATCHED THEN
  UPDATE SET planned = @planned, published = @published, quarantined = @quarantined, changed = @changed, vanished = @vanished, pending = @pending,
    deferred = @deferred, deferred_reason = @deferred_reason, removed = @removed, ignored = @ignored,
    passes = @passes, attempts = @attempts, calls_in_vain = @calls_in_vain, bytes = @bytes, cost_usd = @cost_usd,
    jobs = @jobs, bytes_billed = @bytes_billed, stages = stages_of_run,
    reason = @reason, failures = failures_of_run, complete = @complete, outcome = @outcome, vector_index = @vector_index, reported_at = CURRENT_TIMESTAMP()
WHEN NOT MATCHED THEN
  INSERT (run_id, planned, published, quarantined, changed, vanished, pending, deferred, deferred_reason, removed, ignored,
    passes, attempts, calls_in_vain, bytes, cost_usd, jobs, bytes_billed, stages, reason, failures, complete, outcome, vector_index,
    data_interval_start, data_interval_end, started_at, reported_at)
  VALUES (@run_id, @planned, @published, @quarantined, @changed, @vanished, @pending, @deferred, @deferred_reason, @removed, @ignored,
    @passes, @attempts, @calls_in_vain, @bytes, @cost_usd, @jobs, @bytes_billed, stages_of_run, @reason, failures_of_run, @complete, @outcome, @vector_index,
    CAST(NULLIF(@data_interval_start, '') AS TIMESTAMP), CAST(NULLIF(@data_interval_end, '') AS TIMESTAMP),
    @started_at, CURRENT_TIMESTAMP());
UPDATE `demo-project.bqml_tutorial.embedding_lease` SET expires_at = CURRENT_TIMESTAMP() WHERE lease_id = @lease_id
