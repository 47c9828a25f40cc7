"""What a person may choose, whatever the DAG."""

import pytest

from vitrine import limits
from vitrine.embed.params import EMBED_IMAGES
from vitrine.index.params import MAINTAIN_VECTOR_INDEX
from vitrine.search.params import SEARCH_IMAGES, SEARCH_SAVED_QUERIES

every_dag = pytest.mark.parametrize(
    "group", [EMBED_IMAGES, MAINTAIN_VECTOR_INDEX, SEARCH_IMAGES, SEARCH_SAVED_QUERIES]
)


@every_dag
def test_every_param_says_what_it_is_for(group):
    assert all(param.schema["description_md"].endswith(".") for param in group.values())


@every_dag
def test_a_text_that_may_be_left_empty_allows_null(group):
    """The UI's form takes an empty text without null for a missing one, and refuses to trigger."""
    for name, param in group.items():
        if not param.value and param.value is not False:
            assert "null" in param.schema["type"], name


def test_a_batch_is_bounded_by_bigquerys_limit():
    assert EMBED_IMAGES["batch_size"].schema["maximum"] == limits.MAX_ROWS_PER_EMBEDDING_JOB
    assert EMBED_IMAGES["batch_size"].value == limits.MAX_ROWS_PER_EMBEDDING_JOB
