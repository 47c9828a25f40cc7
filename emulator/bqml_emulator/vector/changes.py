"""What this package changes of local-bigquery: its modules with an `install`, in no order of their own."""

from bqml_emulator.vector import arguments, distances, drift, index, quota, rebuild, search

MODULES = (arguments, distances, drift, index, quota, rebuild, search)
