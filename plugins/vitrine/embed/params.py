"""The Params of embed_images. Airflow refuses other values before anything runs."""

from __future__ import annotations

from airflow.sdk import Param

from vitrine import limits

EMBED_IMAGES = {
    "batch_size": Param(
        limits.MAX_ROWS_PER_EMBEDDING_JOB,
        type="integer",
        minimum=1,
        maximum=limits.MAX_ROWS_PER_EMBEDDING_JOB,
        description_md="Maximum number of images per BigQuery job. BigQuery allows 25,000; a run makes them "
        "smaller to fill all lanes.",
    ),
    "max_images": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=limits.MAX_INT64,
        description_md="Maximum number of images this run may embed. Empty: `max_images_per_run`.",
    ),
    "keep_going": Param(
        False,
        type="boolean",
        description_md="While a complete run leaves images to later ones because of `max_images_per_run`, "
        "start the next run at once.",
    ),
    "order": Param(
        "newest",
        enum=["newest", "oldest"],
        description_md="Which images to embed first, after those that failed in an earlier run.",
    ),
    "dry_run": Param(False, type="boolean", description_md="Show the plan and its cost, then stop."),
    "max_cost_usd": Param(
        None,
        type=["null", "number"],
        minimum=0,
        description_md="A plan that costs more waits for approval. Empty: the setting `max_cost_usd`.",
    ),
    "replay_quarantine": Param(
        False, type="boolean", description_md="Try quarantined images again (below `uri_prefix`)."
    ),
    "replay_status": Param(
        None, type=["null", "string"], description_md="Replay only images whose status begins with this."
    ),
    "allow_mass_delete": Param(
        False,
        type="boolean",
        description_md="Remove images that are gone from the bucket, however many there are.",
    ),
    # Optional texts must allow null: the form treats "" as missing and refuses to trigger.
    "uri_prefix": Param(
        None, type=["null", "string"], description_md="Only images whose URI begins with this."
    ),
}
