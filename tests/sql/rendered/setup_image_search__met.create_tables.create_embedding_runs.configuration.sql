-- The report of each run of embed_images.
-- Grain: one run. planned = published + quarantined + changed + vanished + pending.
-- complete: pending is 0 and no task failed. outcome: complete, nothing_pending (both complete), incomplete, rejected or
-- dry_run (both stopped before it cost anything).
-- deferred: pending images left to later runs; deferred_reason: max_images, max_images_per_run, monthly_budget, rejected, dry_run
-- or ''. changed: overwritten since it was planned.
-- removed: published images that were gone from the bucket. ignored: objects whose content type is not accepted.
-- attempts: answers of the model, good or bad. calls_in_vain: paid for, and not searchable. bytes: of the planned images.
-- cost_usd: estimated cost of the calls. jobs, bytes_billed: BigQuery jobs of the run before its report; stages: by kind of task.
-- reason: why it is incomplete, in a sentence; else ''. failures: images that are 'pending' or 'quarantined', by status.
-- data_interval_…: if the run has one; a run of Airflow's Backfill takes only images updated in it.
CREATE TABLE IF NOT EXISTS `demo-project.bqml_tutorial.embedding_runs` (
  run_id STRING NOT NULL,
  planned INT64 NOT NULL,
  published INT64 NOT NULL,
  quarantined INT64 NOT NULL,
  vanished INT64 NOT NULL,
  pending INT64 NOT NULL,
  removed INT64 NOT NULL,
  ignored INT64 NOT NULL,
  passes INT64 NOT NULL,
  complete BOOL NOT NULL,
  vector_index STRING NOT NULL,
  started_at TIMESTAMP NOT NULL,
  reported_at TIMESTAMP NOT NULL,
  deferred INT64,
  deferred_reason STRING,
  attempts INT64,
  bytes INT64,
  cost_usd FLOAT64,
  outcome STRING,
  data_interval_start TIMESTAMP,
  data_interval_end TIMESTAMP,
  changed INT64,
  calls_in_vain INT64,
  jobs INT64,
  bytes_billed INT64,
  stages ARRAY<STRUCT<stage STRING, jobs INT64, bytes_billed INT64, calls INT64, calls_in_vain INT64>>,
  reason STRING,
  failures ARRAY<STRUCT<place STRING, status STRING, images INT64>>
)
