"""An embedded BigQuery: local-bigquery extended with object tables, remote models, embeddings and vector search."""
