"""Every statement of include/sql with example values for its parameters, to be asked about without being run.

The values do not matter in a dry run; their types do.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from vitrine.collection import Collection
from vitrine.google.jobs import (
    Parameter,
    boolean,
    float64,
    int64,
    query_job,
    string,
    strings,
    timestamp,
)
from vitrine.google.templates import render_statement
from vitrine.index import recall
from vitrine.search import params
from vitrine.setup.tables import TABLES_TO_DROP

# Types of the parameters by name; those that are not here are STRING.
_BOOL: Final = "allow_mass_delete complete dry_run is_released may_remove rebuilt replay was_embedded".split()
_FLOAT64: Final = (
    "cost_usd drift duplicate_distance fraction_lists_to_search image_recall max_share max_terminal_share "
    "word_recall"
).split()
_INT64: Final = (
    "attempts batch_number batch_size budget_images bytes bytes_billed calls_in_vain changed deferred "
    "dimension ignored image_queries images_per_minute_per_lane images_per_run jobs lanes lease_minutes "
    "max_images max_pieces max_query_bytes most_batches most_images pass_number passes pending "
    "pieces_per_job planned  published quarantined queries removed top_k vanished word_queries"
).split()
_TIMESTAMP: Final = "planned_at started_at updated_from updated_until".split()
_STRINGS: Final = ("content_types",)
# Two statements give one name two types.
_STRINGS_OF: Final = {"search/search_saved_queries.sql": ("queries",)}
# A parameter; not a system variable, which has @@.
_PARAMETER: Final = re.compile(r"(?<!@)@([a-z_]\w*)")
# Literals, such as 'multimodalembedding@001', and comments.
_NO_CODE: Final = re.compile(r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|--[^\n]*""")
_MOMENT: Final = "2026-01-01 00:00:00+00:00"
# What the DAGs and pages give the templates besides the macros.
_NAMES: Final = {
    "params": {name: param.value for name, param in params.SEARCH_IMAGES.items()},
    "is_embedded": False,
    "use_brute_force": False,
    "uri_prefix": None,
    "top_k": 1,
    "most": 1,
    "most_new_images": 1,
    "ti": None,
    "tables_to_drop": lambda _ti: TABLES_TO_DROP,
}


def names(collection: Collection) -> list[str]:
    """The .sql files, e.g. "embed/plan_batches.sql"; not those that only others include."""
    folder = Path(collection.sql_dir)
    return sorted(f"{path.parent.name}/{path.name}" for path in folder.glob("*/*.sql"))


def statement(collection: Collection, name: str) -> dict[str, Any]:
    """The query job of a .sql file."""
    options = recall.measured_options(collection.fraction_lists_to_search)
    own = {"project_id": collection.project, "dataset_id": collection.dataset, "measured_options": options}
    sql = render_statement(collection, name, **own, **_NAMES)
    read = sorted(set(_PARAMETER.findall(_NO_CODE.sub("", sql))))
    return query_job(sql, *(parameter(name, one) for one in read))


def parameter(statement_name: str, name: str) -> Parameter:
    """An example of a parameter of a .sql file."""
    if name in (*_STRINGS, *_STRINGS_OF.get(statement_name, ())):
        return strings(name, [""])
    if name in _BOOL:
        return boolean(name, value=False)
    if name in _FLOAT64:
        return float64(name, 0.5)
    if name in _INT64:
        return int64(name, 1)
    if name in _TIMESTAMP:
        return timestamp(name, _MOMENT)
    return string(name, "")
