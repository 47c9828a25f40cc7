"""VECTOR_SEARCH: GoogleSQL in, plain GoogleSQL out (under construction)."""


def install() -> None:
    """Register the VECTOR_SEARCH rewrite with local-bigquery."""
