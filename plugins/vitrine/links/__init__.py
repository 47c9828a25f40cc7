"""Links shown on tasks in the Airflow UI."""
