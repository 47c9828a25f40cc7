"""GoogleSQL that local-bigquery takes differently: scripts, types, formats, names, refusals."""
