"""One test per documented behaviour, through Google's clients and public SQL only.

They run against the emulator, or, with BOUNDARY_PROJECT set, against BigQuery itself.
"""
