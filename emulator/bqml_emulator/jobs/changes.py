"""What this package changes of local-bigquery: its modules with an `install`, in no order of their own."""

from bqml_emulator.jobs import (
    children,
    commits,
    dml,
    execution,
    lifecycle,
    query_requests,
    session_end,
    temporary_tables,
    time_travel,
    views,
)

MODULES = (
    children,
    commits,
    dml,
    execution,
    lifecycle,
    query_requests,
    session_end,
    temporary_tables,
    time_travel,
    views,
)
