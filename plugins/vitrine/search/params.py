"""What a person may choose when triggering a search; Airflow refuses everything else before anything runs."""

from __future__ import annotations

from airflow.sdk import Param

from vitrine import limits

# Pictures that the search page shows at most; search_images finds more.
MOST_ON_PAGE = 200

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

SEARCH_SAVED_QUERIES = {
    "top_k": Param(
        12, type="integer", minimum=1, maximum=100, description_md="How many pictures for each query."
    ),
}
