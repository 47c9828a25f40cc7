"""What a person may choose when triggering maintain_vector_index."""

from __future__ import annotations

from airflow.sdk import Param

MAINTAIN_VECTOR_INDEX = {
    "queries": Param(
        100,
        type="integer",
        minimum=10,
        maximum=1000,
        description_md="Images, and at most so many words, that are searched for.",
    ),
    "top_k": Param(
        10, type="integer", minimum=1, maximum=100, description_md="Nearest images that each should find."
    ),
    "rebuild": Param(
        False, type="boolean", description_md="Rebuild the index even if the images have not moved away."
    ),
}
