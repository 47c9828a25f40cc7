"""The pages in Airflow's web server."""
