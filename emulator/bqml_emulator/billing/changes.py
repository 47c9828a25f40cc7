"""What this package changes of local-bigquery: its modules with an `install`, in no order of their own."""

from bqml_emulator.billing import vector_bytes

MODULES = (vector_bytes,)
