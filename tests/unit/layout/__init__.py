"""Unit tests of vitrine.index."""
