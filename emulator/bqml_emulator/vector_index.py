"""CREATE, ALTER and DROP VECTOR INDEX (under construction)."""


def install() -> None:
    """Register the VECTOR INDEX statements and INFORMATION_SCHEMA views with local-bigquery."""
