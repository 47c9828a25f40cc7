"""Google's own analyzer of GoogleSQL (ZetaSQL, as WebAssembly), and how it is asked."""
