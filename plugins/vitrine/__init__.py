"""Vitrine: image collections searchable by words and pictures, on BigQuery, run by Airflow."""
