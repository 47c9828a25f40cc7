"""Settings name what is wrong before anything runs."""

import pytest

from vitrine.errors import SettingsError
from vitrine.planning import Rates
from vitrine.settings import FUNCTIONS, load

NEEDED = {
    "VITRINE_PROJECT": "p",
    "VITRINE_OBJECT_URIS": "gs://a/*, gs://b/x*",
    "VITRINE_GALLERY": "/tmp/gallery",
}


def test_three_variables_are_enough():
    settings = load(NEEDED)
    assert settings.object_uris == ("gs://a/*", "gs://b/x*")
    assert settings.table("met_images") == "`p.bqml_tutorial.met_images`"
    assert settings.connection_name == "p.us.vitrine"
    assert settings.model == "multimodalembedding@001/1408"


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_variable_is_named(name):
    with pytest.raises(SettingsError, match=f"{name} is missing"):
        load({**NEEDED, name: " "})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VITRINE_DIMENSION", "100"),
        ("VITRINE_DIMENSION", "many"),
        ("VITRINE_ENDPOINT", "textembedding-gecko"),
        ("VITRINE_PROFILE", "gemini-2"),
        ("VITRINE_PROFILE", "né"),
        ("VITRINE_EMBEDDING_FUNCTION", "ML.GENERATE_TEXT"),
        ("VITRINE_OBJECT_URIS", "s3://bucket/*"),
        ("VITRINE_OBJECT_URIS", " , "),
        ("VITRINE_OBJECT_URIS", "gs://it's/*"),
        ("VITRINE_RETRY_WAIT_SECONDS", "-5"),
        ("VITRINE_RETRY_WAIT_SECONDS", "901"),
        ("VITRINE_CONTENT_TYPES", "image/jpeg,video/mp4"),
        ("VITRINE_MAX_PARALLEL_BATCHES", "6"),
        ("VITRINE_MAX_PASSES", "0"),
        ("VITRINE_MAX_COST_USD", "-1"),
        ("VITRINE_MAX_COST_USD", "nan"),
        ("VITRINE_APPROVAL_HOURS", "0"),
        ("VITRINE_IMAGE_PRICE_USD", "0"),
        ("VITRINE_MONTHLY_BUDGET_USD", "0.00009"),
        ("VITRINE_MONTHLY_BUDGET_USD", "inf"),
        ("VITRINE_MONTHLY_BUDGET_USD", "ten"),
        ("VITRINE_REQUESTS_PER_MINUTE", "0"),
        ("VITRINE_IMAGES_PER_MINUTE_PER_JOB", "0"),
        ("VITRINE_INDEX_COVERAGE", "101"),
        ("VITRINE_MIN_RECALL", "90"),
        ("VITRINE_FRACTION_LISTS_TO_SEARCH", "0"),
        ("VITRINE_FRACTION_LISTS_TO_SEARCH", "1"),
        ("VITRINE_MAX_REMOVED_SHARE", "10"),
        ("VITRINE_MANAGE_IAM", "perhaps"),
    ],
)
def test_a_value_that_cannot_work_is_named(name, value):
    with pytest.raises(SettingsError, match=f"{name}="):
        load({**NEEDED, name: value})


@pytest.mark.parametrize(
    ("location", "lanes"), [("US", 3), ("EU", 3), ("us-central1", 3), ("europe-west4", 1)]
)
def test_lanes_are_bounded_by_what_the_quota_finishes_in_six_hours(location, lanes):
    assert load({**NEEDED, "VITRINE_LOCATION": location}).lanes == lanes


def test_the_two_functions_differ_in_columns_and_in_one_option():
    assert FUNCTIONS["ML.GENERATE_EMBEDDING"].options(512) == (
        "STRUCT(TRUE AS flatten_json_output, 512 AS output_dimensionality)"
    )
    assert FUNCTIONS["AI.GENERATE_EMBEDDING"].options(512) == "STRUCT(512 AS output_dimensionality)"
    assert load({**NEEDED, "VITRINE_EMBEDDING_FUNCTION": "AI.GENERATE_EMBEDDING"}).function.status == "status"


def test_a_profile_has_tables_and_job_ids_of_its_own_and_shares_the_listing():
    gemini = {"VITRINE_ENDPOINT": "gemini-embedding-2-preview", "VITRINE_DIMENSION": "768"}
    old, new = load(NEEDED), load({**NEEDED, **gemini, "VITRINE_PROFILE": "gemini"})
    assert new.table_id("met_image_embeddings") == "p.bqml_tutorial.met_image_embeddings_gemini"
    assert new.table_id("met_images") == old.table_id("met_images") == "p.bqml_tutorial.met_images"
    assert (old.namespace, new.namespace) == ("bqml_tutorial", "bqml_tutorial__gemini")


def test_a_dimension_is_judged_by_its_endpoint():
    with pytest.raises(SettingsError, match=r"VITRINE_DIMENSION=768 .* multimodalembedding@001"):
        load({**NEEDED, "VITRINE_DIMENSION": "768"})


def test_the_pace_follows_the_region_unless_the_quota_is_known():
    assert load(NEEDED).rates == Rates(0.0001, 600, 250, lanes=3)
    assert load({**NEEDED, "VITRINE_LOCATION": "europe-west4"}).rates == Rates(0.0001, 120, 250, lanes=1)
    raised = {"VITRINE_LOCATION": "europe-west4", "VITRINE_REQUESTS_PER_MINUTE": "1200"}
    assert load({**NEEDED, **raised}).rates == Rates(0.0001, 1200, 250, lanes=3)
    assert load({**NEEDED, "VITRINE_REQUESTS_PER_MINUTE": "10"}).lanes == 1


def test_a_budget_pays_whole_images():
    assert load(NEEDED).budget_images is None
    assert load({**NEEDED, "VITRINE_MONTHLY_BUDGET_USD": "0.0003"}).budget_images == 3  # 2.9999… as a float
    assert load({**NEEDED, "VITRINE_MONTHLY_BUDGET_USD": "0.00039"}).budget_images == 3
