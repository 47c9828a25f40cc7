"""What the patches' tests find in local-bigquery's own folder `tests`."""
