-- The report of a run; a run that is reported again replaces its report. Grain: one run.
MERGE `demo-project.bqml_tutorial.embedding_runs` AS report
USING (SELECT @run_id AS run_id) AS run
ON report.run_id = run.run_id
WHEN MATCHED THEN
  UPDATE SET planned = @planned, published = @published, quarantined = @quarantined, vanished = @vanished, pending = @pending,
    removed = @removed, ignored = @ignored,
    passes = @passes, complete = @complete, vector_index = @vector_index, reported_at = CURRENT_TIMESTAMP()
WHEN NOT MATCHED THEN
  INSERT (run_id, planned, published, quarantined, vanished, pending, removed, ignored, passes, complete, vector_index, started_at, reported_at)
  VALUES (@run_id, @planned, @published, @quarantined, @vanished, @pending, @removed, @ignored, @passes, @complete, @vector_index, @started_at, CURRENT_TIMESTAMP())
