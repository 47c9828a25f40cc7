"""What this package changes of local-bigquery: its modules with an `install`, in no order of their own."""

from bqml_emulator.core import expressions, rules

MODULES = (expressions, rules)
