"""What this package changes of local-bigquery: its modules with an `install`, in no order of their own."""

from bqml_emulator.engine import (
    catalog_lookups,
    database_files,
    error_mapping,
    full_disk,
    metadata_writes,
    table_versions,
)

MODULES = (catalog_lookups, database_files, error_mapping, full_disk, metadata_writes, table_versions)
