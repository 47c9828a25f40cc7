"""The vector index: its state, waiting for it, its recall, rebuilding it."""
