"""Access to Google Cloud: statements as tasks, the BigQuery client, storage."""
