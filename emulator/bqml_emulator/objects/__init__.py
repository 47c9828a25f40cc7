"""Cloud Storage as BigQuery sees it: connections, object tables, metadata caches, load and export jobs."""
