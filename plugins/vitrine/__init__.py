"""Vitrine: an image collection searchable by text, on BigQuery, run by Airflow."""
