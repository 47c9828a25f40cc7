-- The report of each run of embed_images.
-- Grain: one run. planned = published + quarantined + vanished + pending; complete when pending is 0 and no task failed.
-- removed: images published before that have left the bucket. ignored: objects whose content type is not accepted.
CREATE TABLE IF NOT EXISTS {{ table('embedding_runs') }} (
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
  reported_at TIMESTAMP NOT NULL
)
