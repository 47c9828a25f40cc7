"""An embedded BigQuery: local-bigquery with object tables, remote models, embeddings and vector search."""
