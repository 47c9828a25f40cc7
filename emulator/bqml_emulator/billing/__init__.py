"""Bytes that a statement processes and is billed for."""
