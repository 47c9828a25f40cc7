"""A differential test: the same expressions for the emulator and for ZetaSQL's reference implementation."""
