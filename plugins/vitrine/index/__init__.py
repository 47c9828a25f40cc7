"""The vector index: its state, waiting for it, how good it is, rebuilding it."""
