"""Searches, and the galleries that show their results."""
