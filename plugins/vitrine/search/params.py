"""The Params of the searches. Airflow refuses other values before anything runs."""

from __future__ import annotations

from airflow.sdk import Param

from vitrine import limits

# Maximum number of pictures that the search page shows at once, and as one scrolls on.
MOST_ON_PAGE = 200
MOST_IN_ALL = 1_000

SEARCH_IMAGES = {
    "query": Param(
        "pictures of white or cream colored dress from victorian era",
        type="string",
        minLength=1,
        maxLength=limits.MAX_QUERY_BYTES,
        description_md="What to search for, in English. The model reads the first 32 tokens.",
    ),
    "top_k": Param(
        3, type="integer", minimum=1, maximum=MOST_IN_ALL, description_md="Number of pictures to find."
    ),
    "uri_prefix": Param(
        None, type=["null", "string"], description_md="Only pictures whose URI begins with this."
    ),
    "use_brute_force": Param(
        False, type="boolean", description_md="Compare with every picture, even if there is an index."
    ),
    "fraction_lists_to_search": Param(
        None,
        type=["null", "number"],
        exclusiveMinimum=0,
        exclusiveMaximum=1,
        description_md="Share of the index to scan; more is slower and finds more. Empty: the default.",
    ),
}

SEARCH_SAVED_QUERIES = {
    "top_k": Param(
        12,
        type="integer",
        minimum=1,
        maximum=100,
        description_md="Number of pictures to find for each query.",
    ),
}
