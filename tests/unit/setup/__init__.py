"""Unit tests of vitrine.setup."""
