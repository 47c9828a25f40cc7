"""Settings name what is wrong, and where it is written, before anything runs."""

import re
import textwrap

import pytest

from vitrine import collection as module
from vitrine.collection import FUNCTIONS, Rates, default_file, load
from vitrine.errors import SettingsError

NEEDED = {"VITRINE_PROJECT": "p", "VITRINE_OBJECTS": "gs://a/*, gs://b/x*", "VITRINE_GALLERY": "/tmp/gallery"}


def met(**changes: str):
    """The collection of the file that comes with the project, under these variables."""
    return load({**NEEDED, **{f"VITRINE_{name}": value for name, value in changes.items()}})["met"]


@pytest.fixture
def deployment(tmp_path):
    """Read a file with this text, and these variables."""

    def read(text: str, **variables: str):
        file = tmp_path / "collections.yaml"
        file.write_text(textwrap.dedent(text))
        return load({"VITRINE_COLLECTIONS": str(file), **variables})

    return read


def test_three_variables_are_enough():
    collection = met()
    assert collection.objects == ("gs://a/*", "gs://b/x*")
    assert collection.table("images") == "`p.bqml_tutorial.met_images`"
    assert collection.connection_name == "p.us.vitrine"
    assert collection.model.id == "multimodalembedding@001/1408"
    assert collection.dag_id("embed_images") == "embed_images__met"


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_setting_is_named_with_its_variable(name):
    key = name.removeprefix("VITRINE_").lower()
    with pytest.raises(SettingsError, match=rf"collections\.met\.{key} is missing .* or as {name}\."):
        load({**NEEDED, name: " "})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DIMENSION", "100"),
        ("DIMENSION", "many"),
        ("ENDPOINT", "textembedding-gecko"),
        ("FUNCTION", "ML.GENERATE_TEXT"),
        ("OBJECTS", "s3://bucket/*"),
        ("OBJECTS", " , "),
        ("OBJECTS", "gs://it's/*"),
        ("OBJECTS", "gs://b/`*"),
        ("OBJECTS", "[gs://b/*"),
        ("PROJECT", "my`project"),
        ("DATASET", "data set"),
        ("DATASET", "data`set"),
        ("CONNECTION", 'c"'),
        ("LOCATION", "US'"),
        ("SCHEDULE", "every night"),
        ("MAINTENANCE_SCHEDULE", "0 99 * * *"),
        ("MAINTENANCE_SCHEDULE", "0 2 * * * 30"),
        ("MAINTENANCE_SCHEDULE", "0 2 30 2 *"),
        ("RETRY_WAIT_SECONDS", "-5"),
        ("RETRY_WAIT_SECONDS", "0"),
        ("RETRY_WAIT_SECONDS", "901"),
        ("POLL_SECONDS", "0"),
        ("POLL_SECONDS", "nan"),
        ("INDEX_POLL_SECONDS", "-1"),
        ("INDEX_TIMEOUT_SECONDS", "0"),
        ("CONTENT_TYPES", "image/jpeg,video/mp4"),
        ("CONTENT_TYPES", ","),
        ("MAX_PARALLEL_BATCHES", "6"),
        ("MAX_PASSES", "0"),
        ("MAX_COST_USD", "-1"),
        ("MAX_COST_USD", "nan"),
        ("APPROVAL_HOURS", "0"),
        ("APPROVAL_HOURS", "inf"),
        ("IMAGE_PRICE_USD", "0"),
        ("MONTHLY_BUDGET_USD", "0.00009"),
        ("MONTHLY_BUDGET_USD", "inf"),
        ("MONTHLY_BUDGET_USD", "ten"),
        ("REQUESTS_PER_MINUTE", "0"),
        ("IMAGES_PER_MINUTE_PER_JOB", "0"),
        ("INDEX_TYPE", "FLAT"),
        ("INDEX_COVERAGE", "101"),
        ("MIN_RECALL", "90"),
        ("FRACTION_LISTS_TO_SEARCH", "0"),
        ("FRACTION_LISTS_TO_SEARCH", "1"),
        ("MAX_REMOVED_SHARE", "10"),
        ("MAX_TERMINAL_SHARE", "1.1"),
        ("MAX_TERMINAL_SHARE", "-0.1"),
        ("MAX_IMAGES_PER_RUN", "0"),
        ("MAX_IMAGES_PER_RUN", str(2**63)),
        ("MAXIMUM_BYTES_BILLED", str(10 * 1024 * 1024 - 1)),
        ("MAXIMUM_BYTES_BILLED", str(2**63)),
        ("LEASE_MINUTES", "0"),
        ("MANAGE_IAM", "perhaps"),
        ("ACTIVE_MODEL", "gemini"),
        ("MODELS", "[]"),
        ("LABELS", '{"Team": "x"}'),
        ("SAVED_QUERIES", "x" * 1024),
        ("NOTIFIER_ARGUMENTS", "to=me"),
    ],
)
def test_a_value_that_cannot_work_is_named_with_its_variable(name, value):
    with pytest.raises(SettingsError, match=rf"VITRINE_{name}="):
        met(**{name: value})


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("VITRINE_DATASETT", "VITRINE_DATASET"),
        ("VITRINE_OBJECT_URIS", "VITRINE_OBJECTS"),
        ("VITRINE_PROFILE", "a model of this name"),
        ("VITRINE_dataset", "VITRINE_DATASET"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_one(variable, hint):
    with pytest.raises(SettingsError, match=rf"{variable}='x' is not a setting\. Use {hint}"):
        load({**NEEDED, variable: "x"})


def test_an_empty_variable_says_nothing():
    assert met(DATASET="", NO_SUCH="").dataset == "bqml_tutorial"


TWO = """
    defaults:
      project: p
      gallery: g
      max_cost_usd: 3
    collections:
      met:
        objects: [gs://met/*]
        models:
          default: {}
          gemini: {endpoint: gemini-embedding-2, dimension: 768, function: AI.GENERATE_EMBEDDING}
      dresses:
        objects: [gs://dresses/a/*, gs://dresses/b/*]
        dataset: dresses
        max_cost_usd: 5
    """


def test_a_collection_goes_before_a_variable_and_a_variable_before_the_files_default(deployment):
    assert [c.max_cost_usd for c in deployment(TWO).collections] == [3, 5]
    assert [c.max_cost_usd for c in deployment(TWO, VITRINE_MAX_COST_USD="4").collections] == [4, 5]


def test_collections_and_models_have_dags_tables_and_job_ids_of_their_own(deployment):
    every = deployment(TWO).every_model
    assert [c.dag_id("embed_images") for c in every] == [
        "embed_images__met",
        "embed_images__met__gemini",
        "embed_images__dresses",
    ]
    assert [c.table_id("image_embeddings") for c in every] == [
        "p.bqml_tutorial.met_image_embeddings",
        "p.bqml_tutorial.met_image_embeddings_gemini",
        "p.dresses.dresses_image_embeddings",
    ]
    assert [c.table_name("images") for c in every] == ["met_images", "met_images", "dresses_images"]
    assert [c.table_name("embedding_runs") for c in every][:2] == ["embedding_runs", "embedding_runs_gemini"]
    assert [c.namespace for c in every] == ["bqml_tutorial", "bqml_tutorial__gemini", "dresses"]
    assert every[1].model.columns.status == "status"


def test_the_tables_of_a_model_keep_their_names_when_another_becomes_active(deployment):
    before = {c.model_name: c.table_id("image_embeddings") for c in deployment(TWO).every_model[:2]}
    after = deployment(
        TWO.replace("objects: [gs://met/*]", "objects: [gs://met/*]\n        active_model: gemini")
    )
    assert {c.model_name: c.table_id("image_embeddings") for c in after.every_model[:2]} == before
    assert [c.dag_id("d") for c in after.every_model[:2]] == ["d__met", "d__met__default"]


def test_runs_share_a_quota_of_project_location_and_endpoint(deployment):
    two = deployment(TWO)
    assert [c.name for c in two.sharing_quota(two["dresses"])] == ["met", "dresses"]
    assert len(two.sharing_quota(two.every_model[1])) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "max_cost_usd: 5",
            "max_cost_us: 5",
            r"collections\.dresses\.max_cost_us=5 is not a setting\. Use max_cost_usd\.",
        ),
        ("max_cost_usd: 3", "max_cost: 3", r"defaults\.max_cost=3 is not a setting\. Use max_cost_usd\."),
        (
            "dimension: 768",
            "dimensions: 768",
            r"collections\.met\.models\.gemini\.dimensions=768 .* Use dimension\.",
        ),
        (
            "dimension: 768",
            "dimension: 64",
            r"models\.gemini\.dimension=64 is invalid: .* offers 128 to 3072",
        ),
        ("max_cost_usd: 5", "max_cost_usd: .nan", r"collections\.dresses\.max_cost_usd=nan is invalid"),
        (
            "dataset: dresses",
            "dataset: bqml_tutorial",
            r"dresses\.dataset='bqml_tutorial' is the dataset of met",
        ),
        ("dresses:\n", "Dresses:\n", r"collections\.Dresses.* is invalid"),
        ("dresses:\n", "dress__es:\n", r"collections\.dress__es.* is invalid"),
        ("dresses:\n", "met:\n", r"cannot be read: .*'met' appears twice.* line"),
        ("gemini: {", "gem-ini: {", r"collections\.met\.models=.* is invalid"),
        ("collections:", "collection:", r"collection=.* is not a setting\. Use collections"),
        (
            "gemini: {endpoint: gemini-embedding-2, dimension: 768, function: AI.GENERATE_EMBEDDING}",
            "gemini: 3",
            r"collections\.met\.models\.gemini=3 is invalid: it must have keys and values",
        ),
        ("defaults:", "defaults: [", r"cannot be read: .* line"),
    ],
)
def test_what_is_wrong_in_the_file_is_named_with_its_place(deployment, old, new, said):
    assert old in TWO
    with pytest.raises(SettingsError, match=re.compile(said, re.DOTALL)):
        deployment(TWO.replace(old, new))


def test_everything_that_is_wrong_is_said_at_once(deployment):
    with pytest.raises(SettingsError) as refused:
        deployment(TWO.replace("usd: 5", "usd: -5").replace("usd: 3", "usd: -3"), VITRINE_X="1")
    assert len(str(refused.value).splitlines()) == 3


def test_a_file_without_collections_or_that_is_not_there_is_named(deployment, tmp_path):
    with pytest.raises(SettingsError, match=r"collections\.yaml has no collections"):
        deployment("defaults: {}")
    with pytest.raises(SettingsError, match=r"none\.yaml cannot be read"):
        load({"VITRINE_COLLECTIONS": str(tmp_path / "none.yaml")})


@pytest.mark.parametrize(
    ("location", "lanes"), [("US", 3), ("EU", 3), ("us-central1", 3), ("europe-west4", 1)]
)
def test_lanes_are_bounded_by_what_the_quota_finishes_in_six_hours(location, lanes):
    assert met(LOCATION=location).lanes == lanes


def test_the_two_functions_differ_in_columns_and_in_one_option():
    assert FUNCTIONS["ML.GENERATE_EMBEDDING"].options(512) == (
        "STRUCT(TRUE AS flatten_json_output, 512 AS output_dimensionality)"
    )
    assert FUNCTIONS["AI.GENERATE_EMBEDDING"].options(512) == "STRUCT(512 AS output_dimensionality)"


def test_a_dimension_is_judged_by_its_endpoint():
    with pytest.raises(SettingsError, match=r"VITRINE_DIMENSION='768' .* multimodalembedding@001"):
        met(DIMENSION="768")


def test_the_pace_follows_the_region_unless_the_quota_is_known():
    assert met().rates == Rates(0.0001, 600, 250, lanes=3)
    assert met(LOCATION="europe-west4").rates == Rates(0.0001, 120, 250, lanes=1)
    raised = met(LOCATION="europe-west4", REQUESTS_PER_MINUTE="1200")
    assert raised.rates == Rates(0.0001, 1200, 250, lanes=3)
    assert met(REQUESTS_PER_MINUTE="10").lanes == 1
    assert met(ENDPOINT="gemini-embedding-2").rates == Rates(0.0001, 4000, 250, lanes=3)


def test_a_run_takes_on_what_the_quota_does_in_six_hours_or_what_it_is_told():
    assert met().images_per_run == 216_000
    assert met(LOCATION="europe-west4").images_per_run == 43_200
    assert met(REQUESTS_PER_MINUTE="10").images_per_run == 3_600
    assert met(MAX_IMAGES_PER_RUN="1").images_per_run == 1


def test_a_lease_outlives_the_longest_job_and_may_be_shorter():
    assert met().lease_minutes == 390
    assert met(LEASE_MINUTES="1").lease_minutes == 1


def test_a_fifth_of_the_answers_may_be_terminal_unless_it_is_said_otherwise():
    assert met().max_terminal_share == 0.2
    assert [met(MAX_TERMINAL_SHARE=share).max_terminal_share for share in ("0", "1")] == [0, 1]


def test_a_job_may_bill_anything_unless_it_is_limited():
    assert met().maximum_bytes_billed is None
    assert met(MAXIMUM_BYTES_BILLED=str(10 * 1024 * 1024)).maximum_bytes_billed == 10_485_760


def test_a_budget_pays_whole_images():
    assert met().budget_images is None
    assert met(MONTHLY_BUDGET_USD="0.0003").budget_images == 3  # 2.9999… as a float
    assert met(MONTHLY_BUDGET_USD="0.00039").budget_images == 3


def test_lists_and_mappings_of_variables_are_words_or_json():
    collection = met(SAVED_QUERIES='["a red car, parked", "a fish"]', LABELS='{"team": "curators"}')
    assert collection.saved_queries == ("a red car, parked", "a fish")
    assert met(SAVED_QUERIES="a fish, a cat").saved_queries == ("a fish", "a cat")
    assert collection.job_labels == {
        "team": "curators",
        "vitrine_collection": "met",
        "vitrine_model": "default",
    }


def test_a_checkout_has_its_file_and_its_statements():
    assert default_file() == module.REPOSITORY / "include/collections.yaml"
    assert str(module.REPOSITORY / "include/sql") == module.SQL_DIR


def test_without_a_checkout_the_file_is_beside_the_dags(tmp_path, monkeypatch):
    (tmp_path / "dags").mkdir()
    monkeypatch.setattr(module, "COLLECTIONS_FILE", tmp_path / "include/collections.yaml")
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(tmp_path / "dags"))
    file = tmp_path / "collections.yaml"
    with pytest.raises(
        SettingsError, match=f"no collections file: write {file} .* or let VITRINE_COLLECTIONS name"
    ):
        load(NEEDED)
    file.write_text("collections: {paintings: {}}")
    assert [collection.name for collection in load(NEEDED).collections] == ["paintings"]
