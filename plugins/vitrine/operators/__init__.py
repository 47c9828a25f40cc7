"""Operators of the DAGs, one a module."""
