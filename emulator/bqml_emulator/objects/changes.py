"""What this package changes of local-bigquery: its modules with an `install`, in no order of their own."""

from bqml_emulator.objects import (
    connections,
    file_loads,
    listing,
    metadata_cache,
    object_refs,
    object_tables,
    streamed_bytes,
)

MODULES = (connections, file_loads, listing, metadata_cache, object_refs, object_tables, streamed_bytes)
