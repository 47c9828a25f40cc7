"""What a person may choose when triggering a DAG; Airflow refuses everything else before anything runs."""

from __future__ import annotations

from airflow.sdk import Param

from vitrine import limits

# Pictures that the search page shows at most; search_images finds more.
MOST_ON_PAGE = 200

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

SEARCH_IMAGES = {
    "query": Param(
        "pictures of white or cream colored dress from victorian era",
        type="string",
        minLength=1,
        maxLength=limits.MAX_QUERY_BYTES,
        description_md="What you look for, in English. The model reads the first 32 tokens.",
    ),
    "top_k": Param(3, type="integer", minimum=1, maximum=1000, description_md="How many pictures."),
    "uri_prefix": Param(
        None, type=["null", "string"], description_md="Only pictures whose uri begins with this."
    ),
    "use_brute_force": Param(
        False, type="boolean", description_md="Compare with every picture, even with an index."
    ),
    "fraction_lists_to_search": Param(
        None,
        type=["null", "number"],
        exclusiveMinimum=0,
        exclusiveMaximum=1,
        description_md="Share of the index to look through, if any: more is slower and finds more.",
    ),
}

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

SEARCH_SAVED_QUERIES = {
    "top_k": Param(
        12, type="integer", minimum=1, maximum=100, description_md="How many pictures for each query."
    ),
}
