"""What this package changes of local-bigquery: its modules with an `install`, in no order of their own."""

from bqml_emulator.api import admin, byte_counts, errors, faults

MODULES = (admin, byte_counts, errors, faults)
