"""The Params of maintain_vector_index."""

from __future__ import annotations

from airflow.sdk import Param

MAINTAIN_VECTOR_INDEX = {
    "queries": Param(
        100,
        type="integer",
        minimum=10,
        maximum=1000,
        description_md="Number of sample searches by image, and maximum number by words.",
    ),
    "top_k": Param(
        10,
        type="integer",
        minimum=1,
        maximum=100,
        description_md="Number of nearest images that each sample search should find.",
    ),
    "rebuild": Param(
        False, type="boolean", description_md="Rebuild the index even if the images have not drifted."
    ),
}
