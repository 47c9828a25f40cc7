"""What this package changes of local-bigquery: its modules with an `install`, in no order of their own."""

from bqml_emulator.embedding import analysed, function, remote_models

MODULES = (analysed, function, remote_models)
