"""What a person may choose when triggering a DAG; Airflow refuses everything else before anything runs."""

from __future__ import annotations

from airflow.sdk import Param

from vitrine import limits

EMBED_IMAGES = {
    "batch_size": Param(
        limits.MAX_ROWS_PER_EMBEDDING_JOB,
        type="integer",
        minimum=1,
        maximum=limits.MAX_ROWS_PER_EMBEDDING_JOB,
        description_md="Images embedded by one BigQuery job. 25,000 is the most that one job may embed.",
    ),
    "max_images": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        description_md="At most so many are embedded and paid by this run.",
    ),
    "order": Param(
        "newest",
        enum=["newest", "oldest"],
        description_md="Which images come first, after those that an earlier run has tried in vain.",
    ),
    "dry_run": Param(False, type="boolean", description_md="Show the plan and what it costs, then stop."),
    "max_cost_usd": Param(
        None,
        type=["null", "number"],
        minimum=0,
        description_md="A plan that costs more waits for a person. Empty: `VITRINE_MAX_COST_USD`.",
    ),
    "replay_quarantine": Param(
        False, type="boolean", description_md="Try again what is in quarantine (below uri_prefix)."
    ),
    "replay_status": Param(
        None, type=["null", "string"], description_md="Replay only statuses that begin with this."
    ),
    "allow_mass_delete": Param(
        False, type="boolean", description_md="Let any number of images go that are gone from the bucket."
    ),
    # A text that may be left empty must allow null: the form calls "" missing and refuses to trigger.
    "uri_prefix": Param(
        None, type=["null", "string"], description_md="Only images whose uri begins with this."
    ),
}
