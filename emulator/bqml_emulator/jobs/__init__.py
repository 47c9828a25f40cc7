"""Jobs: what runs, how it is committed and cancelled, what changes rows, how it is listed."""
