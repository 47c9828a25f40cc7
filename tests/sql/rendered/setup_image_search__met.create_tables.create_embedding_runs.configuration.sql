-- The report of each run of embed_images.
-- Grain: one run. planned = published + quarantined + vanished + pending.
-- complete: pending is 0 and no task failed. outcome: complete, nothing_pending (both complete), incomplete, rejected or
-- dry_run (both stopped before anything was paid).
-- deferred: pending images left to later runs; deferred_reason: max_images, monthly_budget, rejected, dry_run or ''.
-- removed: images published before that have left the bucket. ignored: objects whose content type is not accepted.
-- attempts: answers of the model, good or bad. bytes: of the planned images. cost_usd: estimate of what was paid.
-- data_interval_…: of runs that have one; a run of Airflow's Backfill takes only what was updated within.
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
  data_interval_end TIMESTAMP
)
