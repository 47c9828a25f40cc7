"""DuckDB beneath it: its files, lookups of its catalog, a full disk, and its errors in BigQuery's words."""
