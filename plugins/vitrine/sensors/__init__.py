"""Sensors of the DAGs, one a module."""
