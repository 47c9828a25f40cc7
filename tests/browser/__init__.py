"""Airflow's pages in a real browser."""
