"""The REST API beyond local-bigquery's: errors in its shape, faults, the emulator's own endpoints."""
