-- The report of a run; a run that is reported again replaces its report. Grain: one run.
MERGE {{ table('embedding_runs') }} AS report
USING (SELECT @run_id AS run_id) AS run
ON report.run_id = run.run_id
WHEN MATCHED THEN
  UPDATE SET planned = @planned, published = @published, quarantined = @quarantined, vanished = @vanished, pending = @pending,
    deferred = @deferred, deferred_reason = @deferred_reason, removed = @removed, ignored = @ignored,
    passes = @passes, attempts = @attempts, bytes = @bytes, cost_usd = @cost_usd,
    complete = @complete, outcome = @outcome, vector_index = @vector_index, reported_at = CURRENT_TIMESTAMP()
WHEN NOT MATCHED THEN
  INSERT (run_id, planned, published, quarantined, vanished, pending, deferred, deferred_reason, removed, ignored,
    passes, attempts, bytes, cost_usd, complete, outcome, vector_index,
    data_interval_start, data_interval_end, started_at, reported_at)
  VALUES (@run_id, @planned, @published, @quarantined, @vanished, @pending, @deferred, @deferred_reason, @removed, @ignored,
    @passes, @attempts, @bytes, @cost_usd, @complete, @outcome, @vector_index,
    CAST(NULLIF(@data_interval_start, '') AS TIMESTAMP), CAST(NULLIF(@data_interval_end, '') AS TIMESTAMP),
    @started_at, CURRENT_TIMESTAMP())
