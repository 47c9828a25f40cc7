"""Measurements that are too long for the tests; benchmarks/README.md says what they are for."""
