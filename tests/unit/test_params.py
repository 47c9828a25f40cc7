"""What a person may choose."""

from vitrine import limits, params


def test_every_param_says_what_it_is_for():
    for group in (params.EMBED_IMAGES, params.SEARCH_IMAGES):
        assert all(param.schema["description_md"].endswith(".") for param in group.values())


def test_a_text_that_may_be_left_empty_allows_null():
    """The UI's form takes an empty text without null for a missing one, and refuses to trigger."""
    for group in (params.EMBED_IMAGES, params.SEARCH_IMAGES):
        for name, param in group.items():
            if not param.value and param.value is not False:
                assert "null" in param.schema["type"], name


def test_a_batch_is_bounded_by_bigquerys_limit():
    assert params.EMBED_IMAGES["batch_size"].schema["maximum"] == limits.MAX_ROWS_PER_EMBEDDING_JOB
    assert params.EMBED_IMAGES["batch_size"].value == limits.MAX_ROWS_PER_EMBEDDING_JOB
