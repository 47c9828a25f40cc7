"""Unit tests of vitrine.embed."""
