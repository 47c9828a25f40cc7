"""Unit tests of vitrine.search."""
