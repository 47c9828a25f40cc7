"""Unit tests of vitrine.google."""
