"""What this package changes of local-bigquery: its modules with an `install`, in no order of their own."""

from bqml_emulator.embedding import function, remote_models

MODULES = (function, remote_models)
