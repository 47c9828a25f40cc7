"""Vitrine: image collections searchable by words and pictures, on BigQuery, run by Airflow."""

# The only place that says it; a release has the tag v and this, and a section in CHANGELOG.md.
__version__ = "2.0.0"
