"""What this package changes of local-bigquery: its modules with an `install`, in no order of their own."""

from bqml_emulator.vector import analysed, arguments, distances, drift, index, quota, rebuild, search, sql

MODULES = (analysed, arguments, distances, drift, index, quota, rebuild, search, sql)
