"""What a person may choose."""

from vitrine import limits, params


def test_every_param_says_what_it_is_for():
    for group in (params.EMBED_IMAGES, params.SEARCH_IMAGES):
        assert all(param.schema["description_md"].endswith(".") for param in group.values())


def test_a_batch_is_bounded_by_bigquerys_limit():
    assert params.EMBED_IMAGES["batch_size"].schema["maximum"] == limits.MAX_ROWS_PER_EMBEDDING_JOB
    assert params.EMBED_IMAGES["batch_size"].value == limits.MAX_ROWS_PER_EMBEDDING_JOB
