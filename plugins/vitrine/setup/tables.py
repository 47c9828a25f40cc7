"""What setup_image_search makes."""

from __future__ import annotations

from typing import Final

# The tables of a model by their short names, in the order in which setup makes them.
TABLES: Final = (
    "embedding_batches",
    "embedding_attempts",
    "image_embeddings",
    "embedding_quarantine",
    "embedding_confirmations",
    "embedding_lease",
    "embedding_runs",
    "index_health",
    "search_embedding",
    "vector_search_results",
    "saved_search_results",
    "near_duplicates",
    "image_map",
)
# The order in which they are dropped: the lease keeps other Airflows away until the end.
TABLES_TO_DROP: Final = (*(name for name in TABLES if name != "embedding_lease"), "embedding_lease")
# By these marks a dataset or connection is known to be setup's: include/sql/setup/create_….sql.
DATASET_LABEL: Final = ("vitrine", "made_by_setup")
CONNECTION_DESCRIPTION: Final = "Made by setup_image_search of Vitrine"
